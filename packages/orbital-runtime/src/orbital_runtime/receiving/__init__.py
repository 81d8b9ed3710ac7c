"""Receivers: plugins to which devices send, and the path of their emissions to the buffer."""
