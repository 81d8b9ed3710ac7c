"""Formats explanations as text."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import msgspec

from orbital_console.explain.explanation import Explanation, alike
from orbital_sentinel.terminal.output import pair, say, sentence
from orbital_sentinel.terminal.wording import ago, clock, counts, span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orbital_console.history.runs import Attempt

View = dict[str, Any]
STYLES: Final = {
    "ok": "bold green", "failing": "bold red", "paused": "bold red", "unusable": "bold red",
    "partial": "bold yellow",
}  # fmt: skip
LISTED: Final = 20
"""Explanations of the same cause whose names are listed."""


def show(found: list[View]) -> None:
    """Print each explanation; those with the same error are one."""
    for place, group in enumerate(alike(msgspec.convert(found, list[Explanation]))):
        if place:
            say()
        _explanation(group[0], [one.subject for one in group[1:]])


def _explanation(one: Explanation, others: list[str]) -> None:
    device = f" of device {one.device}" if one.device else ""
    sentence(f"{one.subject}{device}: {one.state}", STYLES.get(one.state, "bold"))
    sentence(f"  {one.summary}", indent=2)
    for name, value in _facts(one):
        pair(f"  {name}", value)
    if others:
        more = f" and {len(others) - LISTED} more" if len(others) > LISTED else ""
        pair("  the same", ", ".join(others[:LISTED]) + more)
    for line in one.advice:
        sentence(f"  - {line}", indent=4)


def _facts(one: Explanation) -> Iterator[tuple[str, str]]:
    if one.since is not None:
        yield "since", f"{clock(one.since)} ({ago(one.since)})"
    if one.first:
        yield "first error", one.first
    if one.last and one.last.error not in one.answered:
        yield "last error", one.last.error
    if one.asked:
        when = "" if one.asked_at is None else f", {ago(one.asked_at)}"
        yield "asked", f"{one.asked}{when}"
        yield "answered", one.answered
    if phases := _phases(one.runs):
        yield "took", phases
    if one.runs:
        yield "last runs", _bar(one.runs)
    if one.next_at is not None:
        wait = max(0.0, one.next_at / 1000 - time.time())
        yield "next", f"in {span(wait)}" + (f" ({one.next_why})" if one.next_why else "")
    if one.left_out:
        yield "left out", counts(one.left_out)
    if one.dropped:
        yield "dropped", f"{counts(one.dropped)} (samples of the last run)"


def _phases(runs: Sequence[Attempt]) -> str:
    """How long each phase of the last run took."""
    phases = runs[-1].phases if runs else {}
    return ", ".join(
        f"{name.replace('_', ' ')} {seconds:.3f} s" for name, seconds in phases.items()
    )


def _bar(runs: Sequence[Attempt]) -> str:
    """A mark for each run, the newest last: `.` ok, `~` in part, `X` failed."""
    return "".join("X" if not run.ok else "~" if run.error else "." for run in runs)
