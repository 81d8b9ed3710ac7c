"""The client of a running agent, over its Unix socket."""
