"""ICMP echo for Orbital Sentinel: loss, round-trip times and jitter."""
