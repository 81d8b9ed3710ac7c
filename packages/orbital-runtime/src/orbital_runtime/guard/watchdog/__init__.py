"""The watchdog: names what blocks the event loop while it is blocked."""
