"""Receivers: plugins whose devices speak first, and what they emit on its way to the buffer."""
