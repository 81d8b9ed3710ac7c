"""Distinguishes damage from a failing disk, and handles damaged files."""
