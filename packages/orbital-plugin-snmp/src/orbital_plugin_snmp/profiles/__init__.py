"""Profiles: what to read and what to call it, as YAML."""
