"""What people type and read: output, reports, confirmations, times."""
