"""The last runs as a bar of ticks, as SVG attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_console.history.runs import Attempt

STEP: Final = 7
"""Width of a tick and its gap."""


class Tick(NamedTuple):
    """One run."""

    x: int
    kind: str
    """`ok`, `partial` or `failed`: the class that colours it."""
    title: str


def heartbeat(runs: Sequence[Attempt]) -> list[Tick]:
    """Ticks from left to right, the newest last."""
    return [Tick(place * STEP, _kind(run), _title(run)) for place, run in enumerate(runs)]


def _kind(run: Attempt) -> str:
    if not run.ok:
        return "failed"
    return "partial" if run.error else "ok"


def _title(run: Attempt) -> str:
    return f"{run.seconds:.3f} s, {run.samples} samples" + (f": {run.error}" if run.error else "")
