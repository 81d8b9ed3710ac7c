"""The sections of the file and their keys, as models."""
