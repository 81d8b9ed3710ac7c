"""Inspection of a buffer: status, pages of records, export, verification, recovery."""
