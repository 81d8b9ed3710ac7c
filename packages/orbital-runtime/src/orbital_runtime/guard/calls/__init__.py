"""Calls of plugins, writers and processors, with deadlines; calls that do not end by then are counted."""
