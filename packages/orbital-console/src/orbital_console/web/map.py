"""Devices and their neighbours as a small map."""

from __future__ import annotations

from math import cos, hypot, pi, sin
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orbital_console.explain.neighbours import Link

WIDTH: Final = 900
HEIGHT: Final = 520
MARGIN: Final = 60
MOST: Final = 60
"""Places of a map at most; the table below it has all links."""
STEPS: Final = 120


class Place(NamedTuple):
    """One device, or a neighbour that is not collected from."""

    name: str
    state: str
    """Empty for one that is not collected from."""
    x: float
    y: float


class Map(NamedTuple):
    """The whole drawing."""

    places: list[Place]
    lines: list[tuple[float, float, float, float]]


def map_of(links: Sequence[Link], states: Mapping[str, str]) -> Map:
    """Place the devices: neighbours attract each other, all others repel each other.

    Args:
        links: Who sees whom.
        states: State of each device.
    """
    known = {name.lower(): name for name in states}
    pairs = {
        tuple(sorted((one.device, known.get(one.neighbour.lower(), one.neighbour))))
        for one in links
    }
    names = sorted({name for pair in pairs for name in pair})[:MOST]
    at = {name: place for place, name in enumerate(names)}
    edges = [(at[a], at[b]) for a, b in sorted(pairs) if a in at and b in at and a != b]
    spots = _scaled(_spread(len(names), edges))
    places = [
        Place(name, states.get(name, ""), *spot) for name, spot in zip(names, spots, strict=True)
    ]
    return Map(places, [(*spots[a], *spots[b]) for a, b in edges])


def _spread(count: int, edges: Sequence[tuple[int, int]]) -> list[tuple[float, float]]:
    """Forces of Fruchterman and Reingold (1991), from places on a circle."""
    spots = [[cos(2 * pi * n / count), sin(2 * pi * n / count)] for n in range(count)]
    ideal = 1.6 / max(1.0, count**0.5)
    for step in range(STEPS):
        moves = [[0.0, 0.0] for _ in spots]
        for a in range(count):
            for b in range(a):
                _push(spots, moves, a, b, lambda d: ideal * ideal / d)
        for a, b in edges:
            _push(spots, moves, a, b, lambda d: -d * d / ideal)
        most = 0.2 * (1 - step / STEPS)
        for spot, (dx, dy) in zip(spots, moves, strict=True):
            length = hypot(dx, dy) or 1.0
            spot[0] += dx / length * min(length, most)
            spot[1] += dy / length * min(length, most)
    return [(x, y) for x, y in spots]


def _push(
    spots: list[list[float]],
    moves: list[list[float]],
    a: int,
    b: int,
    force: Callable[[float], float],
) -> None:
    """Move two places away from each other by a force that depends on their distance."""
    dx, dy = spots[a][0] - spots[b][0], spots[a][1] - spots[b][1]
    distance = hypot(dx, dy) or 0.01
    strength = force(distance) / distance
    for one, sign in ((a, 1), (b, -1)):
        moves[one][0] += sign * dx * strength
        moves[one][1] += sign * dy * strength


def _scaled(spots: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Into the drawing."""
    if not spots:
        return []
    low_x, low_y = min(x for x, _ in spots), min(y for _, y in spots)
    span_x = max(max(x for x, _ in spots) - low_x, 0.001)
    span_y = max(max(y for _, y in spots) - low_y, 0.001)
    return [
        (
            round(MARGIN + (x - low_x) / span_x * (WIDTH - 2 * MARGIN), 1),
            round(MARGIN + (y - low_y) / span_y * (HEIGHT - 2 * MARGIN), 1),
        )
        for x, y in spots
    ]
