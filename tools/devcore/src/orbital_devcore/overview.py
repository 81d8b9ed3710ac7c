"""All that the page shows, at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from orbital_devcore import people
from orbital_devcore.assignments import shown_device
from orbital_devcore.core import Refused

if TYPE_CHECKING:
    from orbital_devcore.core import Core

ROWS: Final = 200
"""Rows of a table, at most."""
NEWEST: Final = 30
"""Rows of what comes all the time: samples and runs."""


def overview(core: Core) -> dict[str, Any]:
    """Mood, faults, and of each table some rows with the count of all."""
    found = people.newest(core, None, NEWEST)
    everything = {
        "sentinels": people.sentinels(core),
        "devices": _devices_that_may_be_poisoned(core),
        "tasks": people.tasks(core),
        "neighbors": people.neighbors(core),
        "executions": people.executions(core, None, NEWEST),
    }
    counts = {name: len(rows) for name, rows in everything.items()} | {
        "samples": found["count"],
        "executions": _count(core, "executions"),
    }
    rows = {name: all_rows[:ROWS] for name, all_rows in everything.items()}
    mood = {"quirks": core.quirks, "troubles": core.faults.words()}
    return {**mood, "counts": counts, "samples": found["samples"], **rows}


def _devices_that_may_be_poisoned(core: Core) -> list[dict[str, Any]]:
    """Also those that break every other list (`--quirks`), so that a person sees which one it is."""
    found: list[dict[str, Any]] = []
    for row in core.db.rows("select * from devices order by id"):
        try:
            found.append(shown_device(core, row))
        except Refused:
            found.append(
                {**row, "status": "breaks every list: its last_seen is beyond the year 9999"}
            )
    return found


def _count(core: Core, table: str) -> int:
    return (core.db.row(f"select count(*) as count from {table}") or {})["count"]  # noqa: S608 (ours)
