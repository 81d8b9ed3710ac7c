"""HTTP on a TCP or Unix socket, with bounded connections."""
