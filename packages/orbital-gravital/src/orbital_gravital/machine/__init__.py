"""Heartbeats to Core, with the usage of this machine."""
