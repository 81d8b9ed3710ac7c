"""A line over time as the path of an SVG."""

from __future__ import annotations

from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orbital_console.history.outputs import Point
    from orbital_console.history.values import Series

WIDTH: Final = 300
HEIGHT: Final = 60
POINTS: Final = 150
"""Points of a path at most: of more, the last ones."""

EXACT: Final = 1e12
"""Whole numbers below it are written out."""
HIDDEN: Final = frozenset({"device_id", "task"})
"""Labels that all series of a device's page share."""

Points = list[tuple[int, float]]


class Plot(NamedTuple):
    """One line, ready to be drawn."""

    name: str
    unit: str
    labels: str
    last: str
    least: str
    most: str
    path: str
    """The `d` of a path in a box of `WIDTH` by `HEIGHT`; empty for less than two finite points."""
    area: str
    """The same, closed along the bottom."""
    start: int
    """Milliseconds UTC of the first point; 0 if there is none."""
    end: int


def plot(series: Series) -> Plot:
    """A series; of a counter, its growth per second."""
    labels = ", ".join(f"{k}={v}" for k, v in series.labels.items() if k not in HIDDEN)
    if series.kind != "counter":
        return _plot(series.name, series.unit, labels, series.points)
    return _plot(series.name, f"{series.unit}/s", labels, rates(series.points))


def backlog(name: str, points: Iterable[Point]) -> Plot:
    """The samples that waited for an output."""
    return _plot(name, "", "", [(point.at, float(point.waiting)) for point in points])


def rates(points: Points) -> Points:
    """Growth per second between neighbouring points; where a counter began anew there is none."""
    return [
        (later, (after - before) * 1000 / (later - sooner))
        for (sooner, before), (later, after) in pairwise(points)
        if after >= before and later > sooner
    ]


def _plot(name: str, unit: str, labels: str, points: Points) -> Plot:
    """Scale the points to the box: the first one at the left edge, the last one at the right edge."""
    shown = [(ts, value) for ts, value in points if isfinite(value)][-POINTS:]
    values = [value for _, value in shown]
    last = number(points[-1][1]) if points else ""
    least, most = (number(min(values)), number(max(values))) if values else ("", "")
    path = _path(shown)
    area = f"{path}L{WIDTH} {HEIGHT}L0 {HEIGHT}Z" if path else ""
    start, end = (shown[0][0], shown[-1][0]) if shown else (0, 0)
    return Plot(name, unit, labels, last, least, most, path, area, start, end)


def _path(points: Sequence[tuple[int, float]]) -> str:
    if len(points) < 2:
        return ""
    start, span = points[0][0], max(1, points[-1][0] - points[0][0])
    low, high = min(v for _, v in points), max(v for _, v in points)
    scale = (HEIGHT - 6) / (high - low) if high > low and isfinite(high - low) else 0.0
    middle = HEIGHT / 2
    placed = (
        (
            (ts - start) / span * WIDTH,
            HEIGHT - 3 - (value - low) * scale if scale else middle,
        )
        for ts, value in points
    )
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in placed)


def number(value: float) -> str:
    """A short text of a number."""
    if isfinite(value) and value == int(value) and abs(value) < EXACT:
        return f"{int(value):,}"
    return f"{value:.4g}"
