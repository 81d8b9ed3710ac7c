"""Times of day as seconds since 1970 (UTC)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_NTP: Final = 2208988800
"""Seconds from 1900 to 1970."""
_WRITTEN: Final = re.compile(
    rb"(\d{1,5})-(\d+)-(\d+),(\d+):(\d+):(\d+)\.(\d)\d*(?:,\s*([+-])(\d+):(\d+)|,.?)?", re.ASCII
)


def date_and_time(value: bytes) -> float | None:
    """Of `DateAndTime` (RFC 2579): 8 octets in local time, here taken for UTC, or 11 with the zone.

    Some agents send the text of the DISPLAY-HINT instead of the octets.

    Returns:
        None where it is not a date: 0-0-0 stands for "never" on many devices.
    """
    written = _WRITTEN.fullmatch(value)
    if written is not None:
        value = _octets(written)
    if len(value) not in (8, 11):
        return None
    year, (month, day, hour, minute, second, deci) = int.from_bytes(value[:2], "big"), value[2:8]
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59), deci % 10 * 10**5, UTC)
    except ValueError:
        return None
    if len(value) == 11:
        ahead = timedelta(hours=value[9], minutes=value[10])
        moment += ahead if value[8:9] == b"-" else -ahead
    return moment.timestamp() + (second == 60)


def _octets(written: re.Match[bytes]) -> bytes:
    """The octets that a written date stands for; none where they cannot be."""
    year, *rest = (int(group) for group in written.groups()[:7])
    sign, hours, minutes = written.groups()[7:]
    try:
        octets = year.to_bytes(2, "big") + bytes(rest)
        return octets + sign + bytes((int(hours), int(minutes))) if sign else octets
    except (OverflowError, ValueError):
        return b""


def ntp(value: bytes) -> float | None:
    """Of an NTP timestamp (RFC 5905): 32 bits of seconds since 1900 and 32 of their fraction."""
    if len(value) != 8 or value == bytes(8):
        return None
    seconds = int.from_bytes(value[:4], "big") - _NTP
    return seconds + int.from_bytes(value[4:], "big") / 2**32


def parsed(text: str, form: str) -> float | None:
    """Of a text in the form of strptime, taken for UTC where it names no zone."""
    try:
        moment = datetime.strptime(text.strip(), form)  # noqa: DTZ007 (the zone is set below)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
