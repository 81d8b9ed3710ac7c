"""Durations and sizes as people write them: `30s`, `1h30m`, `500ms`; `512MiB`, `64kB`."""

from __future__ import annotations

import math
import re
import reprlib
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BeforeValidator, PlainSerializer

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

_SECONDS: Final = {
    unit: Decimal(size)
    for unit, size in {
        "ns": "1e-9", "us": "1e-6", "µs": "1e-6", "\u03bcs": "1e-6", "ms": "1e-3",
        "s": "1", "m": "60", "h": "3600", "d": "86400",
    }.items()
}  # fmt: skip
_BYTES: Final = {
    "": 1, "b": 1, "k": 1000, "kb": 1000, "m": 1000**2, "mb": 1000**2, "g": 1000**3, "gb": 1000**3,
    "t": 1000**4, "tb": 1000**4, "kib": 1024, "mib": 1024**2, "gib": 1024**3, "tib": 1024**4,
}  # fmt: skip
_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|[uµ\u03bc]s|ms|s|m|h|d)")
_SIZE: Final = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*")
_LARGEST: Final = 2**63 - 1
_NOT_A_DURATION: Final = "is not a duration; write it like 30s, 5m, 1h30m or 500ms"


def parse_duration(value: object) -> float:
    """Seconds out of `30s`, `1h30m`, `500ms` (Go's syntax, and `d` for days) or a number of seconds.

    Raises:
        ValueError: It is neither; the message says what would be right.
    """
    if isinstance(value, str) and value.strip():
        seconds = _duration_text(value.strip())
    elif isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value) if abs(value) <= _LARGEST else math.inf
    else:
        raise ValueError(f"{reprlib.repr(value)} {_NOT_A_DURATION}")
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f"{reprlib.repr(value)} is not a usable duration; it must be zero or more")
    return seconds


def _duration_text(text: str) -> float:
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return float(text)
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{reprlib.repr(text)} {_NOT_A_DURATION}")
    return float(sum(Decimal(number) * _SECONDS[unit] for number, unit in parts))


def format_duration(seconds: float) -> str:
    """A text that `parse_duration` reads back as the very same number: 90 -> `1m30s`."""
    if seconds != int(seconds):
        whole = Decimal(repr(seconds)).normalize()
        milliseconds = (whole * 1000).normalize()
        short = seconds < 1 and milliseconds == int(milliseconds)
        return f"{milliseconds:f}ms" if short else f"{whole:f}s"
    text, rest = "", int(seconds)
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
        size = value
    else:
        match = _SIZE.fullmatch(value) if isinstance(value, str) else None
        if match is None or match[2].lower() not in _BYTES:
            raise ValueError(
                f"{reprlib.repr(value)} is not a size; write it like 512MiB, 64kB or 1048576"
            )
        size = round(Decimal(match[1]) * _BYTES[match[2].lower()])
    if size > _LARGEST:
        raise ValueError(f"{reprlib.repr(value)} is more bytes than any disk has")
    return size


def format_bytes(size: int) -> str:
    """A text that `parse_bytes` reads back as the very same number: 1048576 -> `1MiB`, 64000 -> `64kB`."""
    for base, units in ((1024, ("TiB", "GiB", "MiB", "KiB")), (1000, ("TB", "GB", "MB", "kB"))):
        for power, unit in zip((4, 3, 2, 1), units, strict=True):
            count, rest = divmod(size, base**power)
            if count and not rest:
                return f"{count}{unit}"
    return str(size)


class _Written:
    """How a value is written, in JSON Schema's words, on top of its bounds."""

    def __init__(self, *types: str, **words: Any) -> None:
        self.words = {"type": list(types), **words}

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(core), **self.words}


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    _Written("string", "number", format="duration", examples=["30s", "5m"]),
]
"""Seconds, as float; written `30s`, `1h30m`, `500ms` or a plain number of seconds."""

ByteSize = Annotated[
    int,
    BeforeValidator(parse_bytes),
    PlainSerializer(format_bytes, return_type=str),
    _Written("string", "integer", format="bytes", examples=["64MiB"]),
]
"""Bytes, as int; written `512MiB`, `64kB` or a plain number."""
