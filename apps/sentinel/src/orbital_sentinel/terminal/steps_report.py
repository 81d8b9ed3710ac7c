"""Prints what processors did with the samples of a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from orbital_sdk.text import plural
from orbital_sentinel.terminal.output import say

if TYPE_CHECKING:
    from collections.abc import Sequence


class Step(Protocol):
    """What one processor did with one batch."""

    processor: str
    place: str
    left_out: list[str]
    changed: list[tuple[str, str]]
    added: list[str]


def show(before: Sequence[str], steps: Sequence[Step], after: Sequence[str]) -> None:
    """Samples before, steps, samples after, which are those that go into the buffer; steps of outputs come
    behind it.
    """
    _samples("before", before)
    for step in steps:
        if not _of_output(step):
            _step(step)
    _samples("after", after)
    for step in filter(_of_output, steps):
        _step(step)


def _of_output(step: Step) -> bool:
    return step.place.startswith("output ")


def _samples(what: str, lines: Sequence[str]) -> None:
    say(f"{what}: {plural(len(lines), 'sample')}")
    for line in lines:
        say(f"  {_printable(line)}")


def _step(step: Step) -> None:
    counts = [
        f"{word} {len(lines)}"
        for word, lines in (
            ("left out", step.left_out),
            ("changed", step.changed),
            ("added", step.added),
        )
        if lines
    ]
    of = f" ({step.place})" if step.place else ""
    say(f"{step.processor}{of}: {', '.join(counts) or 'changed nothing'}")
    for line in step.left_out:
        say(f"  - {_printable(line)}")
    for before, after in step.changed:
        say(f"  {_printable(before)} -> {_printable(after)}")
    for line in step.added:
        say(f"  + {_printable(line)}")


def _printable(line: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in line)
