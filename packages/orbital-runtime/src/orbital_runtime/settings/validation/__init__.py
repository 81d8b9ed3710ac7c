"""Checks: keys against models, tasks against plugins, outputs against writers."""
