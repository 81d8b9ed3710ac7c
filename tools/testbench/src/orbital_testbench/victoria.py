"""VictoriaMetrics single node, and vmagent (both in Debian's package `victoria-metrics`)."""

from __future__ import annotations

import json
from time import time as clock
from typing import TYPE_CHECKING, Any, ClassVar

from orbital_testbench.promql import Point, Points, PromServer
from orbital_testbench.server import Server

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DAY = 86_400


class VictoriaMetrics(PromServer):
    """VictoriaMetrics that keeps everything and shows new samples at once."""

    program: ClassVar[str] = "victoria-metrics"
    package: ClassVar[str] = "victoria-metrics"
    health_path: ClassVar[str] = "/health"

    def __init__(self, folder: Path, *, port: int | None = None, flags: Sequence[str] = ()) -> None:
        super().__init__(folder, port=port)
        self.flags = tuple(flags)

    def arguments(self) -> list[str]:
        return [
            f"-storageDataPath={self.folder / 'data'}",
            f"-httpListenAddr={self.host}:{self.port}",
            "-retentionPeriod=100y",
            "-search.latencyOffset=0s",
            "-search.disableCache",
            "-memory.allowedBytes=256MB",
            *self.flags,
        ]

    def flush(self) -> None:
        """Make everything that was written visible to queries."""
        self.get("/internal/force_flush")

    def query(self, expression: str, time: float | None = None) -> list[Point]:
        """As in `PromServer`; flushes first. Its own idea of now leaves out the current second."""
        self.flush()
        return super().query(expression, clock() + 1 if time is None else time)

    def series(
        self, *selectors: str, start: float = 0, end: float | None = None
    ) -> list[dict[str, str]]:
        """As in `PromServer`; flushes first."""
        self.flush()
        return super().series(*selectors, start=start, end=end)

    def samples(
        self, selector: str, *, start: float | None = None, end: float | None = None
    ) -> list[Points]:
        """As in `PromServer`, but of all times unless said otherwise; straight out of the storage."""
        return [
            Points(line["metric"], sorted(zip(line["timestamps"], line["values"], strict=True)))
            for line in self.export(selector, start=start, end=end)
        ]

    def export(
        self, *selectors: str, start: float | None = None, end: float | None = None
    ) -> list[dict[str, Any]]:
        """The lines of /api/v1/export: `metric`, `values`, `timestamps` (milliseconds)."""
        self.flush()
        end = clock() + DAY if end is None else end
        answer = self.get("/api/v1/export", **{"match[]": selectors}, start=start, end=end)
        return [json.loads(line) for line in answer.text.splitlines()]

    def count(self, *selectors: str) -> int:
        """How many raw samples are stored, those stored twice counted twice."""
        return sum(len(line["timestamps"]) for line in self.export(*selectors))


class VmAgent(Server):
    """vmagent, writing to one server.

    Args:
        folder: For its queue, configuration and log.
        write_url: Where it sends what it is given.
        scrape: A Prometheus configuration file; empty for none.
        flags: More of its flags.
    """

    program: ClassVar[str] = "vmagent"
    package: ClassVar[str] = "victoria-metrics"
    health_path: ClassVar[str] = "/health"

    def __init__(
        self,
        folder: Path,
        write_url: str,
        *,
        port: int | None = None,
        scrape: str = "",
        flags: Sequence[str] = (),
    ) -> None:
        super().__init__(folder, port=port)
        self.destination = write_url
        self.scrape = scrape
        self.flags = tuple(flags)

    @property
    def write_url(self) -> str:
        return f"{self.url}/api/v1/write"

    def prepare(self) -> None:
        (self.folder / "scrape.yml").write_text(self.scrape)

    def arguments(self) -> list[str]:
        return [
            f"-remoteWrite.url={self.destination}",
            f"-remoteWrite.tmpDataPath={self.folder / 'queue'}",
            f"-httpListenAddr={self.host}:{self.port}",
            *([f"-promscrape.config={self.folder / 'scrape.yml'}"] if self.scrape else []),
            *self.flags,
        ]
