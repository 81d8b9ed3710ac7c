"""This process: memory, file descriptors, event loop, exit."""
