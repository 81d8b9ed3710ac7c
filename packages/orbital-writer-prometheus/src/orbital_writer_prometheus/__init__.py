"""Deliver samples to Prometheus by remote write."""
