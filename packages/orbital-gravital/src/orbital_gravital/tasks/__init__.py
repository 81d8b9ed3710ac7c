"""The tasks that Core assigns: read, bound, kept for a start without it."""
