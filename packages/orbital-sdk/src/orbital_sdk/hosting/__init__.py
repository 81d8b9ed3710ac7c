"""What the agent hands to a part at its start: metrics of its own, a state file, background tasks."""
