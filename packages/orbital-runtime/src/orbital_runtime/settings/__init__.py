"""The configuration: one file, checked as a whole before anything starts."""
