"""Notifications that devices send by themselves, turned into counters and gauges."""
