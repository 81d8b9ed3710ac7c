"""Durations and sizes as people write them: `30s`, `1h30m`, `500ms`; `512MiB`, `64kB`."""

from __future__ import annotations

import math
import re
from typing import Annotated, Final

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_SECONDS: Final = {
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0,
}  # fmt: skip
_BYTES: Final = {
    "": 1, "b": 1, "k": 1000, "kb": 1000, "m": 1000**2, "mb": 1000**2, "g": 1000**3, "gb": 1000**3,
    "kib": 1024, "mib": 1024**2, "gib": 1024**3,
}  # fmt: skip
_PART: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d)")
_SIZE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")


def parse_duration(value: object) -> float:
    """Seconds out of `30s`, `1h30m`, `500ms` (Go's syntax, and `d` for days) or a number of seconds.

    Raises:
        ValueError: It is neither; the message says what would be right.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    elif isinstance(value, str) and value.strip():
        seconds = _duration_text(value.strip())
    else:
        raise ValueError(f"{value!r} is not a duration; write it like 30s, 5m, 1h30m or 500ms")
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f"{value!r} is not a usable duration; it must be zero or more")
    return seconds


def _duration_text(text: str) -> float:
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is not a duration; write it like 30s, 5m, 1h30m or 500ms")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def format_duration(seconds: float) -> str:
    """The shortest text that `parse_duration` reads back as the same milliseconds: 90 -> `1m30s`."""
    milliseconds = round(seconds * 1000)
    if milliseconds % 1000:
        return f"{milliseconds}ms" if milliseconds < 1000 else f"{milliseconds / 1000:g}s"
    text, rest = "", milliseconds // 1000
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def parse_bytes(value: object) -> int:
    """Bytes out of `512MiB`, `64kB`, `10 MB` or a whole number.

    Raises:
        ValueError: It is neither; the message says what would be right.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[2].lower() not in _BYTES:
        raise ValueError(f"{value!r} is not a size; write it like 512MiB, 64kB or 1048576")
    return round(float(match[1]) * _BYTES[match[2].lower()])


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": ["string", "number"], "format": "duration", "examples": ["30s", "5m"]}),
]
"""Seconds, as float; written `30s`, `1h30m`, `500ms` or a plain number of seconds."""

ByteSize = Annotated[
    int,
    BeforeValidator(parse_bytes),
    WithJsonSchema({"type": ["string", "integer"], "format": "bytes", "examples": ["64MiB"]}),
]
"""Bytes, as int; written `512MiB`, `64kB` or a plain number."""
