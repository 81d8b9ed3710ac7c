"""Logging: formats, redaction of secrets, files, and a non-blocking queue."""
