"""What is said of a buffer: status, segments, waiting samples, verification."""
