"""Samples as JSON, for whoever writes lines: numbers that JSON lacks, and texts that are not Unicode."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence

_encode: Final = msgspec.json.Encoder().encode


def numbers(values: array[float]) -> Sequence[bytes]:
    """Each value as JSON, the shortest text that reads back as the same double.

    JSON has no infinities and no NaN: they become the strings `"+Inf"`, `"-Inf"` and `"NaN"`.
    """
    if not values:
        return ()
    text = _encode(values.tolist())
    if b"null" not in text:
        return text[1:-1].split(b",")
    return [_encode(number(value)) for value in values]


def number(value: float) -> float | str:
    """One value for a document of JSON: the value itself, or `"+Inf"`, `"-Inf"` or `"NaN"` as above."""
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "+Inf" if value > 0 else "-Inf"


def text(value: object) -> bytes:
    """JSON in UTF-8; what is not Unicode text (a lone surrogate) stays in its escaped form."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return written.encode(errors="backslashreplace")
