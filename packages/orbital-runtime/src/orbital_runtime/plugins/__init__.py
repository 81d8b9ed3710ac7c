"""Plugins, writers and processors: found by entry points, imported when used, started once and shared."""
