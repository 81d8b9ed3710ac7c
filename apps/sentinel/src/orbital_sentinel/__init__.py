"""Orbital Sentinel: polls devices, buffers every sample and delivers it."""
