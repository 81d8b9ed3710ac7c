"""Explanations: the state of a task, device or output, since when, why, and what to do."""
