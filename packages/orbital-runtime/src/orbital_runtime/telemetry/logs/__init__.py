"""Log lines: formats, secrets, files, and a queue that never blocks."""
