"""Gravital Core: who we are there, what it wants collected, and what it is told. Optional as a whole."""
