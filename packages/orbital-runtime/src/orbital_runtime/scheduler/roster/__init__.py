"""Every task with its state, its target and its current run."""
