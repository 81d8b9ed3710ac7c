"""Orbital Sentinel: polls devices, keeps every sample safe and delivers it."""
