"""What is said about where a sample comes from, as labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_sdk import Origin, Row

OriginLabel = Literal["sentinel", "region", "labels", "task", "plugin", "target"]


def origin_labels(origin: Origin, chosen: Sequence[OriginLabel]) -> dict[str, str]:
    """Those of the chosen that have a value."""
    who = origin.sentinel
    known: dict[OriginLabel, dict[str, str]] = {
        "labels": dict(who.labels),
        "sentinel": {"sentinel": who.name},
        "region": {"region": who.region},
        "task": {"task": origin.task},
        "plugin": {"plugin": origin.plugin},
        "target": {"target": origin.target},
    }
    found: dict[str, str] = {}
    for choice in chosen:
        found |= {name: text for name, text in known[choice].items() if text}
    return found


def all_labels(origin: Origin, row: Row, chosen: Sequence[OriginLabel]) -> dict[str, str]:
    """A sample's own labels, and those of its origin where it has none of that name."""
    return {**origin_labels(origin, chosen), **dict(row.labels)}
