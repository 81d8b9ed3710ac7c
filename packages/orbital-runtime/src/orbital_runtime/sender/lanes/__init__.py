"""What an output sends next: the lanes for fresh samples and the backlog, and their checkpoint."""
