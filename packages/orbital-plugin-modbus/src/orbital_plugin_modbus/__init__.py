"""Modbus for Orbital Sentinel: register maps, planned reads, shared buses."""
