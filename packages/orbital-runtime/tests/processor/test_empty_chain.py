"""Without processors no code of theirs runs for a batch, and no object is made."""

from __future__ import annotations

import sys
from pathlib import Path

from orbital_buffer.model.chunk import Entry
from orbital_runtime import processor
from orbital_runtime.engine.batching.batcher import Batcher
from orbital_runtime.engine.report import Report
from orbital_runtime.sender.delivery.outgoing import Departures
from orbital_runtime.sender.output import Output
from orbital_runtime.sender.status import Tally
from orbital_sdk import Columns, Metric
from orbital_sdk.testing import RecordingWriter, make_batch, make_origin

ROOM = str(Path(processor.__file__).parent)
REPORT = Report(1.0, 0.25, 50.0, 5.0)
SERIES = tuple(Metric("m", labels=("n",)).series(str(n)) for n in range(50))


def visits(call):
    """What the call returned, and the functions of the room that it went through."""
    seen: list[str] = []

    def note(frame, event, _):
        if event == "call" and frame.f_code.co_filename.startswith(ROOM):
            seen.append(frame.f_code.co_qualname)

    sys.setprofile(note)
    try:
        result = call()
    finally:
        sys.setprofile(None)
    return result, seen


def test_a_collection():
    """Each collection but the first one of a layout goes around the chain, with the same layout."""
    batcher = Batcher(make_origin())
    columns = Columns(SERIES, [1.0] * len(SERIES))
    (first,) = batcher.make(columns, REPORT, 1000).batches
    made, seen = visits(lambda: batcher.make(columns, REPORT, 2000))
    assert seen == []
    assert made.batches[0].layout is first.layout


def test_a_request():
    """An output without processors gets the batches of the buffer, the same objects."""
    departures = Departures(Output("one", RecordingWriter()), Tally())
    batches = [make_batch(50) for _ in range(3)]
    entries = [Entry(seq, batch) for seq, batch in enumerate(batches)]
    outgoing, seen = visits(lambda: departures.of(entries))
    assert seen == []
    assert [part.batch for part in outgoing.group] == batches
    assert all(part.batch is batch for part, batch in zip(outgoing.group, batches, strict=True))
