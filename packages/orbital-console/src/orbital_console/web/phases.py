"""The phases of a run as a bar, as SVG attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from orbital_console.history.runs import Attempt

WIDTH: Final = 600
ENGINE: Final = ("open", "collect", "store")
"""Phases that every run has; those that a plugin tells are parts of `collect`."""


class Part(NamedTuple):
    """One phase."""

    name: str
    seconds: float
    x: float
    width: float
    place: int
    """Number of its colour."""


def phases(run: Attempt) -> list[Part]:
    """What the run did one after the other.

    Where the plugin told phases, they stand for `collect`, and what is left of it is `other`.
    """
    known = dict(run.phases)
    told = {name: known.pop(name) for name in list(known) if name not in ENGINE}
    if told and "collect" in known:
        told["other"] = max(0.0, known.pop("collect") - sum(told.values()))
    steps = {"open": known.get("open", 0.0), **told, **known}
    return _placed({name: seconds for name, seconds in steps.items() if seconds > 0})


def _placed(steps: dict[str, float]) -> list[Part]:
    total, x, parts = sum(steps.values()), 0.0, list[Part]()
    for place, (name, seconds) in enumerate(steps.items()):
        width = seconds / total * WIDTH
        parts.append(Part(name, seconds, round(x, 1), round(max(width, 1.0), 1), place % 8))
        x += width
    return parts
