"""What is remembered: the last runs of each task, and the last values of each series."""
