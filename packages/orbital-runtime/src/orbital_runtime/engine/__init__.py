"""Runs of tasks: the plugin under a deadline that holds, and what it gave as batches for the buffer."""
