"""Benchmarks of Orbital Sentinel beside its peers."""
