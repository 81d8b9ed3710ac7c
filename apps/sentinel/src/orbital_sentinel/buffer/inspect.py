"""`sentinel buffer inspect`: figures of the whole buffer, or one batch in full."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from orbital_buffer.inspection.reports.inspect import Inspector, describe
from orbital_buffer.model.damage import Damaged
from orbital_sentinel.buffer.remote import BEYOND
from orbital_sentinel.errors import Failure
from orbital_sentinel.terminal import buffer_report
from orbital_sentinel.terminal.output import Format, as_json, complain
from orbital_sentinel.terminal.progress import progress

if TYPE_CHECKING:
    from orbital_buffer.inspection.reports.inspect import Inspection
    from orbital_buffer.inspection.snapshot import Books, BufferView
    from orbital_sentinel.buffer.access import OpenedBuffer


def inspect_all(found: OpenedBuffer, top: int, output: Format) -> None:
    """Print figures of the whole buffer, from one pass over it."""
    books = found.look.books()
    with progress("reading waiting samples", books.samples) as line:
        seen = Inspector(found.look).run(line.advance)
    if output is Format.JSON:
        as_json(_view(seen, books, top) | {"damage": [*found.damage, *seen.damage]})
        return
    buffer_report.inspection(seen, books, top)
    for line in [*found.damage, *seen.damage]:
        complain(f"warning: {line}")


def inspect_batch(look: BufferView, seq: int, output: Format) -> None:
    """Print one batch.

    Raises:
        Failure: It does not exist, or cannot be read.
    """
    try:
        told = describe(look, seq) if 0 <= seq < BEYOND else None
    except Damaged as error:
        raise Failure(f"batch {seq} cannot be read: {error}") from error
    if told is None:
        raise Failure(f"no batch {seq} waits; `sentinel buffer inspect` shows which ones do")
    if output is Format.JSON:
        as_json(told)
    else:
        buffer_report.batch(told)


def _view(seen: Inspection, books: Books, top: int) -> buffer_report.View:
    return {
        "samples": books.samples,
        "series": seen.series,
        "segments": [asdict(segment) for segment in seen.segments],
        "outputs": [{"name": b.name, "state": b.state, "needs": b.needs} for b in books.outputs],
        "tasks": [
            {"task": task, "plugin": plugin, "samples": samples}
            for (task, plugin), samples in seen.tasks.most_common(top)
        ],
        "devices": [
            {"device": device, "samples": samples}
            for device, samples in seen.devices.most_common(top)
        ],
    }
