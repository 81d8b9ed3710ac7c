"""Every task with its state, its target and the run that goes on."""
