"""The two destinations: one format, and different ideas about time."""

from __future__ import annotations

from typing import ClassVar

from orbital_remote_write import RemoteWriter


class Prometheus(RemoteWriter):
    """Prometheus, started with `--web.enable-remote-write-receiver`.

    It takes the samples of a series in the order of their times only, and refuses a whole request for
    one bad sample.
    """

    name: ClassVar[str] = "prometheus"
    summary: ClassVar[str] = "Prometheus, by remote write"
    takes_old_samples: ClassVar[bool] = False


class VictoriaMetrics(RemoteWriter):
    """VictoriaMetrics, single node or cluster.

    It takes samples of any age within its retention, in any order.
    """

    name: ClassVar[str] = "victoria_metrics"
    summary: ClassVar[str] = "VictoriaMetrics, by remote write"
    takes_old_samples: ClassVar[bool] = True
