"""The destination `prometheus`."""

from __future__ import annotations

from typing import ClassVar

from orbital_remote_write import RemoteWriteConfig, RemoteWriter


class Prometheus(RemoteWriter[RemoteWriteConfig]):
    """Prometheus, started with `--web.enable-remote-write-receiver`.

    It takes the samples of a series in the order of their times only, and refuses a whole request for
    one bad sample.
    """

    name: ClassVar[str] = "prometheus"
    summary: ClassVar[str] = "Prometheus, by remote write"
    takes_old_samples: ClassVar[bool] = False
