"""One module for each group of commands. They are thin: the work is done in orbital_runtime."""
