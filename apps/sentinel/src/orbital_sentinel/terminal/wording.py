"""Counts, sizes, durations and times as text."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from orbital_sdk.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Mapping


def number(count: int) -> str:
    """A number with commas: `1,234,567`."""
    return f"{count:,}"


def counts(counted: Mapping[str, int]) -> str:
    """Counts that are not zero: `12 full, 3 age`."""
    return ", ".join(f"{count} {name}" for name, count in counted.items() if count)


def size(count: int | None) -> str:
    """A size in bytes, rounded: `1.2 MiB`."""
    if count is None:
        return "unknown"
    value, unit = float(count), "B"
    for bigger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1024:
            break
        value, unit = value / 1024, bigger
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def span(seconds: float) -> str:
    """A duration in its two largest units: `3d4h`, `5m12s`."""
    text = format_duration(int(seconds))
    parts: list[str] = []
    for letter in text:
        if not parts or parts[-1][-1].isalpha():
            parts.append("")
        parts[-1] += letter
    return "".join(parts[:2])


def ago(ms: int | None) -> str:
    """The time since `ms` (milliseconds UTC)."""
    return "" if ms is None else f"{span(max(0.0, time.time() - ms / 1000))} ago"


def when(ms: int) -> str:
    """A time in milliseconds UTC as ISO 8601."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")


def clock(ms: int) -> str:
    """A time in milliseconds UTC as local date and time."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(ms / 1000))
