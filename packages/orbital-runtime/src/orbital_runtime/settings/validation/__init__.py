"""Checks keys against models, tasks against plugins, and outputs against writers."""
