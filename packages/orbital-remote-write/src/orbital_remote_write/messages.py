"""The general encoder: protobuf's own messages, for what the fast one does not take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_remote_write.labels import render
from orbital_remote_write.remote_write_pb2 import WriteRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_remote_write.encoded_layout import EncodedLayout
    from orbital_remote_write.labels import LabelRules
    from orbital_sdk import Batch


def encode(group: Sequence[Batch], rules: LabelRules, plan: EncodedLayout) -> bytes:
    """A request of batches of one layout: each series once, its samples sorted by time."""
    layout = group[0].layout
    target, added = rules.target(layout.origin), rules.added(layout.origin)
    request = WriteRequest()
    for number, row in enumerate(layout.rows):
        if number in plan.clashes:
            continue
        series = request.timeseries.add()
        for name, value in render(row, target, added):
            series.labels.add(name=name, value=value.encode(errors="replace").decode())
        for ts, position in sorted((_time(batch, number), at) for at, batch in enumerate(group)):
            series.samples.add(value=group[position].values[number], timestamp=ts)
    return request.SerializeToString()


def _time(batch: Batch, row: int) -> int:
    return batch.ts if batch.times is None else batch.times[row]
