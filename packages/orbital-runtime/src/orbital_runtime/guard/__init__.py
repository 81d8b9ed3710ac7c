"""Calls of third-party code: deadlines, containment of exceptions, and the watchdog of the event loop."""
