"""When each task is due: its phase on a grid, spread over the tasks of a target."""
