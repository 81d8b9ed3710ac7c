"""The log: append, read, acknowledge, for several outputs."""
