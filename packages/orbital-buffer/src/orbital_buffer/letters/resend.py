"""Batches for the replay of dead letters; each sample keeps its timestamp."""

from __future__ import annotations

from array import array
from collections import Counter
from typing import TYPE_CHECKING

from orbital_sdk import Batch, Layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orbital_buffer.format.letter import DeadLetter
    from orbital_sdk import Origin


def batches_of(letters: Iterable[DeadLetter]) -> list[Batch]:
    """As few batches as possible. Each has a series once, and samples of a series are in order of time."""
    rounds: dict[tuple[int, object], list[DeadLetter]] = {}
    seen: Counter[object] = Counter()
    for letter in sorted(letters, key=lambda letter: (letter.ts, letter.id)):
        source = _source(letter.origin)
        series = source, letter.row.key
        rounds.setdefault((seen[series], source), []).append(letter)
        seen[series] += 1
    ordered = sorted(rounds.items(), key=lambda item: item[0][0])
    return [_batch(together) for _, together in ordered]


def _source(origin: Origin) -> object:
    """A hashable key of an origin."""
    who = origin.sentinel
    labels = tuple(sorted(who.labels.items()))
    return (
        origin.task, origin.plugin, origin.device_id, origin.target,
        who.id, who.name, who.region, labels,
    )  # fmt: skip


def _batch(letters: Sequence[DeadLetter]) -> Batch:
    return Batch(
        Layout(letters[0].origin, [letter.row for letter in letters]),
        letters[0].ts,
        array("d", [letter.value for letter in letters]),
        array("q", [letter.ts for letter in letters]),
    )
