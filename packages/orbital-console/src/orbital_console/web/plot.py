"""A series as the path of an SVG."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_console.history.values import Series

WIDTH: Final = 240
HEIGHT: Final = 40
POINTS: Final = 240
"""Points of a path at most: of more, the last ones."""

EXACT: Final = 1e12
"""Whole numbers below it are written out."""


class Plot(NamedTuple):
    """One series, ready to be drawn."""

    name: str
    unit: str
    labels: str
    last: str
    least: str
    most: str
    path: str
    """The `d` of a path in a box of `WIDTH` by `HEIGHT`; empty for less than two finite points."""


def plot(series: Series) -> Plot:
    """Scale a series to the box: the first point at the left edge, the last at the right one."""
    points = [(ts, value) for ts, value in series.points if isfinite(value)][-POINTS:]
    values = [value for _, value in points]
    labels = ", ".join(f"{k}={v}" for k, v in series.labels if k not in ("device_id", "task"))
    last = number(series.points[-1][1]) if series.points else ""
    least, most = (number(min(values)), number(max(values))) if values else ("", "")
    return Plot(series.name, series.unit, labels, last, least, most, _path(points))


def _path(points: Sequence[tuple[int, float]]) -> str:
    if len(points) < 2:
        return ""
    start, span = points[0][0], max(1, points[-1][0] - points[0][0])
    low, high = min(v for _, v in points), max(v for _, v in points)
    scale = (HEIGHT - 4) / (high - low) if high > low and isfinite(high - low) else 0.0
    middle = HEIGHT / 2
    placed = (
        (
            (ts - start) / span * WIDTH,
            HEIGHT - 2 - (value - low) * scale if scale else middle,
        )
        for ts, value in points
    )
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in placed)


def number(value: float) -> str:
    """A short text of a number."""
    if isfinite(value) and value == int(value) and abs(value) < EXACT:
        return str(int(value))
    return f"{value:.6g}"
