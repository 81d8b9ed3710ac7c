"""Stores of the buffer's records: a port with two implementations, memory and disk."""
