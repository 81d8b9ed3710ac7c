"""A dead letter as JSON types, for `/api/v1/buffer/dead-letters` and the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orbital_buffer.format.letter import id_text
from orbital_sdk.jsontext import number

if TYPE_CHECKING:
    from orbital_buffer.format.letter import DeadLetter


def view(letter: DeadLetter) -> dict[str, Any]:
    """All fields. Times are milliseconds UTC; values without a JSON number are strings."""
    row, origin = letter.row, letter.origin
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
        "value": number(letter.value),
        "task": origin.task,
        "plugin": origin.plugin,
        "device": origin.device_id,
        "target": origin.target,
    }
