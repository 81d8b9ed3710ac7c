"""Parses times: a date and time, or a duration before now."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from orbital_sdk.units import parse_duration
from orbital_sentinel.errors import Misuse


def parse_time(text: str, now_ms: int) -> int:
    """Milliseconds UTC of `2026-01-31T12:00:00Z`, of a date, or of a duration before now such as `2h`.

    A time without a zone is local time.

    Raises:
        Misuse: The text is not one of these; the message says what is valid.
    """
    try:
        return round(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        pass
    try:
        return now_ms - round(parse_duration(text) * 1000)
    except ValueError as error:
        raise Misuse(
            f"{text!r} is not a point in time; write it like 2026-01-31T12:00:00Z, or 2h for two hours ago"
        ) from error


class Age:
    """The age of a fixed point in time; it does not shift while the user answers a question.

    Args:
        seconds: The age when it was stated.
    """

    def __init__(self, seconds: float) -> None:
        self._at = time.time() - seconds

    @property
    def seconds(self) -> float:
        """The current age in seconds."""
        return time.time() - self._at

    @property
    def asked(self) -> str:
        """The age for a request to an agent, which does not parse exponents."""
        return f"{max(0.0, self.seconds):f}"

    @property
    def before_ms(self) -> int:
        """The point in time in milliseconds UTC."""
        return round(self._at * 1000)


def older_than(text: str) -> Age | None:
    """The value of `--older-than`; None if it was omitted.

    Raises:
        Misuse: The text is not a duration.
    """
    try:
        return Age(parse_duration(text)) if text else None
    except ValueError as error:
        raise Misuse(f"--older-than: {error}") from error
