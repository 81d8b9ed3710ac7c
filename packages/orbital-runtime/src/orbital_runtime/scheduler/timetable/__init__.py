"""When each task is due: phase, grid, and spread over its target."""
