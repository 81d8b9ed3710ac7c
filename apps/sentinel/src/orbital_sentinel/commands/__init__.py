"""One file a group of commands; each is thin, the work is in orbital_runtime."""
