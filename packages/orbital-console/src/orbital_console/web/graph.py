"""The way of samples as a drawing: plugins, processors and limits, buffer, outputs."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

View = dict[str, Any]

WIDE: Final = 190
"""Width of a box."""
HIGH: Final = 54
ACROSS: Final = 270
"""From one column to the next."""
DOWN: Final = 70
"""From one row to the next."""
EDGE: Final = 8
COLUMNS: Final = ("plugin", "processor", "buffer", "output")


class Box(NamedTuple):
    """One station."""

    kind: str
    """One of `COLUMNS`."""
    name: str
    rate: float
    """Samples per second that leave it; for an output, that it delivers."""
    dropped: float
    """Samples per second that it leaves out."""
    state: str
    x: int
    y: int


class Edge(NamedTuple):
    """From one station to the next."""

    path: str
    width: float
    """Of its line."""
    flows: bool


class Graph(NamedTuple):
    """The whole drawing."""

    boxes: list[Box]
    edges: list[Edge]
    width: int
    height: int


def graph(
    rates: Mapping[str, float], processors: Sequence[str], outputs: Mapping[str, str]
) -> Graph:
    """Place the stations.

    Args:
        rates: Samples per second by station, as in `/api/v1/flow`.
        processors: In their order.
        outputs: Name -> state.
    """
    plugins = sorted(name.removeprefix("plugin ") for name in rates if name.startswith("plugin "))
    collected = sum(rates[f"plugin {name}"] for name in plugins)
    columns: list[list[tuple[str, str, float, float, str]]] = [
        [("plugin", name, rates[f"plugin {name}"], 0.0, "ok") for name in plugins]
    ]
    flow = collected
    for name in processors:
        dropped = rates.get(f"dropped {name}", 0.0) + rates.get(f"lost {name}", 0.0)
        flow = max(0.0, flow - dropped + rates.get(f"made {name}", 0.0))
        columns.append([("processor", name, flow, dropped, "ok")])
    limits = sum(rate for name, rate in rates.items() if name.startswith("limit "))
    columns.append([("buffer", "", flow, limits, "ok")])
    columns.append([
        ("output", name, rates.get(f"output {name}", 0.0), 0.0, state)
        for name, state in outputs.items()
    ])  # fmt: skip
    return _drawn([column for column in columns if column])


def _drawn(columns: list[list[tuple[str, str, float, float, str]]]) -> Graph:
    rows = max(map(len, columns))
    placed = [
        [
            Box(*one, x=EDGE + at * ACROSS, y=_top(place, len(column), rows))
            for place, one in enumerate(column)
        ]
        for at, column in enumerate(columns)
    ]
    edges = [
        _edge(one, other, columns_right=len(right))
        for left, right in pairwise(placed)
        for one in left
        for other in right
    ]
    width = 2 * EDGE + (len(columns) - 1) * ACROSS + WIDE
    return Graph(
        [box for column in placed for box in column],
        edges,
        width,
        2 * EDGE + rows * DOWN - DOWN + HIGH,
    )


def _top(place: int, count: int, rows: int) -> int:
    """Columns with fewer boxes are centred."""
    return EDGE + round(((rows - count) / 2 + place) * DOWN)


def _edge(one: Box, other: Box, *, columns_right: int) -> Edge:
    x1, y1, x2, y2 = one.x + WIDE, one.y + HIGH // 2, other.x, other.y + HIGH // 2
    middle = (x1 + x2) // 2
    rate = other.rate if columns_right > 1 else one.rate
    width = 1.0 if rate <= 0 else min(6.0, 1.5 + len(str(int(rate))) * 0.7)
    return Edge(f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}", width, rate > 0)
