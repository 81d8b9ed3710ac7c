"""Batches in, the body of a write request out.

Most bytes of a request are known once a layout is: all that changes are values and time stamps. So a
request is put together from cached labels, eight-byte values and one time stamp a batch, in one join.
What does not fit that form (times before 1971 or after 2109, a device's own times that go back) takes
the road through protobuf's own messages.
"""

from __future__ import annotations

from operator import le
from typing import TYPE_CHECKING, NamedTuple

from orbital_remote_write.encoded_layout import EncodedLayout
from orbital_remote_write.encoded_rows import EncodedRows
from orbital_remote_write.wire import END, FIRST, SAMPLE_HEAD, doubles, six_bytes, stamp
from orbital_sdk import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_remote_write.labels import LabelRules
    from orbital_sdk import Batch, Layout


class Encoded(NamedTuple):
    """A write request, not yet compressed."""

    body: bytes
    refused: tuple[Refused, ...]
    """Samples that are left out: their series is the same as another one's of that batch. Of stale
    markers, which are not samples, none are named."""


class Encoder:
    """Encodes batches under one set of label rules. Threads may share it."""

    def __init__(self, rules: LabelRules) -> None:
        self.rules = rules
        self._rows = EncodedRows(rules)
        self._key = f"remote write, {rules!r}"
        """Outputs with the same rules share what is cached."""

    def encode(self, batches: Sequence[Batch]) -> Encoded:
        """One request. The samples of a series are in the order of their times.

        Args:
            batches: In order of collection.
        """
        parts: list[bytes] = []
        for group in _groups(batches):
            parts += self._parts(group)
        return Encoded(b"".join(parts), self._refused(batches))

    def plan(self, layout: Layout) -> EncodedLayout:
        """What is known of a layout; made once, and again when its caches were dropped."""
        plan = layout.caches.get(self._key)
        if plan is None:
            plan = layout.caches[self._key] = self._plan(layout)
        return plan

    def _plan(self, layout: Layout) -> EncodedLayout:
        whole = layout.whole
        if whole is layout or (known := self.plan(whole)).clashes:
            return EncodedLayout.of(layout, self._rows.of(layout))
        return known.part(layout.start, layout.start + len(layout))

    def _parts(self, group: list[Batch]) -> list[bytes]:
        plan = self.plan(group[0].layout)
        if all(map(_fits, group)) and _in_order(group):
            return _assemble(plan, group)
        from orbital_remote_write.messages import encode  # noqa: PLC0415 (slow to import, seldom needed)

        return [encode(group, self.rules, plan)]

    def _refused(self, batches: Sequence[Batch]) -> tuple[Refused, ...]:
        clashes = [self.plan(batch.layout).clashes for batch in batches]
        return tuple(
            [
                Refused(number, row, reason)
                for number, batch in enumerate(batches)
                if clashes[number] and not batch.stale
                for row, reason in clashes[number].items()
            ]
        )


def _groups(batches: Sequence[Batch]) -> list[list[Batch]]:
    """Batches of one layout together, so that a series stands once in the request.

    Another layout of the same task ends a group: the two may share series, and their order must stay.
    """
    groups: list[list[Batch]] = []
    latest: dict[str, list[Batch]] = {}
    for batch in batches:
        if not batch.values:
            continue
        task = batch.layout.origin.task
        group = latest.get(task)
        if group is not None and group[0].layout is batch.layout:
            group.append(batch)
        else:
            group = latest[task] = [batch]
            groups.append(group)
    return groups


def _fits(batch: Batch) -> bool:
    return FIRST <= batch.ts < END if batch.times is None else six_bytes(set(batch.times))


def _in_order(group: list[Batch]) -> bool:
    """Whether no series goes back in time from one batch to the next."""
    return len(group) == 1 or all(map(_follows, group[1:], group))


def _follows(later: Batch, earlier: Batch) -> bool:
    if later.times is None and earlier.times is None:
        return earlier.ts <= later.ts
    return all(map(le, _times(earlier), _times(later)))


def _times(batch: Batch) -> Sequence[int]:
    return [batch.ts] * len(batch) if batch.times is None else batch.times


def _assemble(plan: EncodedLayout, group: list[Batch]) -> list[bytes]:
    """The pieces of each series: its head, then a value and a time stamp for each batch.

    With a time stamp stands the head of the sample that follows: it is the same for every series.
    """
    heads, pick, step = plan.heads(len(group)), plan.pick, 2 * len(group) + 1
    last = len(group) - 1
    parts = [b"" if group[last].times else stamp(group[last].ts)] * (step * len(heads))
    parts[0::step] = heads
    for at, batch in enumerate(group):
        values: tuple[bytes, ...] = batch.layout.split(doubles(batch.values))
        parts[2 * at + 1 :: step] = pick(values) if pick else values
        tail = b"" if at == last else SAMPLE_HEAD
        if batch.times is not None:
            known = {ts: stamp(ts) + tail for ts in set(batch.times)}
            stamps = [known[ts] for ts in batch.times]
            parts[2 * at + 2 :: step] = pick(stamps) if pick else stamps
        elif tail:
            parts[2 * at + 2 :: step] = [stamp(batch.ts) + tail] * len(heads)
    return parts
