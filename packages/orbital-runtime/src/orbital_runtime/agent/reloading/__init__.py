"""Follows changes of the configuration: files are watched, read again, and applied as a difference."""
