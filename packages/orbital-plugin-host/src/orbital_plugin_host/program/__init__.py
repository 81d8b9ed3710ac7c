"""The other end: a process that serves an installed Python plugin. It imports nothing of the agent's end."""
