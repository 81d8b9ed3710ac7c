"""Running in this process: the agent, single collections, connection checks."""
