"""A dead letter as plain data: what `/api/v1/buffer/dead-letters` answers and the command line shows."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

import msgspec

from orbital_runtime.buffer.letters.letter import id_text
from orbital_sdk.jsontext import numbers

if TYPE_CHECKING:
    from orbital_runtime.buffer.letters.letter import DeadLetter


def view(letter: DeadLetter) -> dict[str, Any]:
    """All of it. Times are milliseconds UTC; a value that JSON has no number for is a string."""
    row, origin = letter.row, letter.origin
    (value,) = numbers(array("d", (letter.value,)))
    return {
        "id": id_text(letter.id),
        "output": letter.output,
        "refused_ms": letter.at_ms,
        "reason": letter.reason,
        "name": row.name,
        "labels": dict(row.labels),
        "kind": row.kind,
        "unit": row.unit,
        "timestamp_ms": letter.ts,
        "value": msgspec.json.decode(value),
        "task": origin.task,
        "plugin": origin.plugin,
        "device": origin.device_id,
        "target": origin.target,
    }
