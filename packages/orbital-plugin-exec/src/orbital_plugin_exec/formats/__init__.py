"""Formats of output: each turns lines into samples, and counts what it cannot use."""
