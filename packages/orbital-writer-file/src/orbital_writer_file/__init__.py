"""Write samples to a local file as JSON lines."""
