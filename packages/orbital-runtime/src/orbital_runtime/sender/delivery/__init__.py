"""The delivery loop of one output: requests, attempts, what they settle, and recovery from failures."""
