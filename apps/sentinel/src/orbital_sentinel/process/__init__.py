"""Set-up of this process: memory, file descriptors, event loop, exit."""
