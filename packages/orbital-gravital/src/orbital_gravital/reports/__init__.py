"""What Core is told of each run of its tasks."""
