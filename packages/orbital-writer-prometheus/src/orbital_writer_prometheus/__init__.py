"""Deliver samples to Prometheus and to VictoriaMetrics by remote write."""

from orbital_writer_prometheus.writers import Prometheus, VictoriaMetrics

__all__ = ["Prometheus", "VictoriaMetrics"]
