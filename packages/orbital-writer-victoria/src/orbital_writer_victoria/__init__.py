"""Deliver samples to VictoriaMetrics, single node or cluster, by remote write."""

from orbital_writer_victoria.settings import VictoriaConfig
from orbital_writer_victoria.writer import VictoriaMetrics

__all__ = ["VictoriaConfig", "VictoriaMetrics"]
