"""Reports on a buffer: status, segments, waiting samples, verification."""
