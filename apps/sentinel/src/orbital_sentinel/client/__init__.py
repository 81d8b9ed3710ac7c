"""The running agent, asked over its Unix socket."""
