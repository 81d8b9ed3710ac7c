"""How often a task runs: backoff, backpressure, and pauses of refused tasks."""
