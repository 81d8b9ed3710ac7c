"""Delivering what can be read of the quarantine."""
