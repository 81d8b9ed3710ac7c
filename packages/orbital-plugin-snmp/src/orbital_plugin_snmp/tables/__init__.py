"""From what a device sent to series and values."""
