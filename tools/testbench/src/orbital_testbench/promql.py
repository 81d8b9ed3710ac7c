"""What Prometheus and VictoriaMetrics have in common: remote write in, PromQL out."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from orbital_testbench.server import Server


class Point(NamedTuple):
    """One series at one time, as an instant query gives it."""

    labels: dict[str, str]
    """`__name__` included."""
    ts: float
    """Seconds UTC."""
    value: float


class Points(NamedTuple):
    """The stored samples of one series, in order of time."""

    labels: dict[str, str]
    samples: list[tuple[int, float]]
    """Milliseconds UTC and value."""


class PromServer(Server):
    """A server that takes remote write and answers PromQL."""

    @property
    def write_url(self) -> str:
        return f"{self.url}/api/v1/write"

    def query(self, expression: str, time: float | None = None) -> list[Point]:
        """An instant query; `time` in seconds UTC, None for now."""
        result = self._data("/api/v1/query", query=expression, time=time)["result"]
        return [Point(r["metric"], r["value"][0], float(r["value"][1])) for r in result]

    def series(
        self, *selectors: str, start: float = 0, end: float | None = None
    ) -> list[dict[str, str]]:
        """The labels of all series that match, `__name__` included."""
        return self._data("/api/v1/series", **{"match[]": selectors}, start=start, end=end)

    def samples(
        self, selector: str, *, start: float | None = None, end: float | None = None
    ) -> list[Points]:
        """The samples as they are stored, of the last hour unless said otherwise (seconds UTC)."""
        end = time.time() + 600 if end is None else end
        start = end - 4200 if start is None else start
        window = max(1, round((end - start) * 1000))
        result = self._data("/api/v1/query", query=f"{selector}[{window}ms]", time=end)["result"]
        return [
            Points(r["metric"], [(round(t * 1000), float(v)) for t, v in r["values"]])
            for r in result
        ]

    def _data(self, path: str, **parameters: Any) -> Any:
        return self.get(path, **parameters).json()["data"]
