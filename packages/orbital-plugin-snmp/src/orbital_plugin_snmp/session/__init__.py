"""Devices: their sessions, shared by the tasks that read them, and requests put together."""
