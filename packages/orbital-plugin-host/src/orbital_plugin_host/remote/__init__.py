"""The agent's end: makes plugin classes whose instances live in another process, and supervises that."""
