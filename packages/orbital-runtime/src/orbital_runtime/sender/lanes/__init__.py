"""What an output sends next: fresh samples, the backlog beside them, and the checkpoint to resume from."""
