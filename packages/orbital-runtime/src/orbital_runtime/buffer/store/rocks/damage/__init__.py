"""Telling damage from a disk that fails, and what becomes of damaged files."""
