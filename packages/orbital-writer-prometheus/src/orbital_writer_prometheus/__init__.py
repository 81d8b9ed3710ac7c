"""Deliver samples to Prometheus by remote write."""

from orbital_writer_prometheus.writer import Prometheus

__all__ = ["Prometheus"]
