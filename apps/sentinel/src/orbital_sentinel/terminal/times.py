"""A point in time as people write it: a date and time, or how long ago it was."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from orbital_sdk.units import parse_duration
from orbital_sentinel.errors import Misuse


def parse_time(text: str, now_ms: int) -> int:
    """Milliseconds UTC of `2026-01-31T12:00:00Z`, of a date alone, or of `2h` before now.

    A time without a zone is one of this machine's.

    Raises:
        Misuse: It is neither; the message says what would be right.
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
    """How long ago a point in time was, which stays the same while somebody thinks about an answer.

    Args:
        seconds: Before now.
    """

    def __init__(self, seconds: float) -> None:
        self._at = time.time() - seconds

    @property
    def seconds(self) -> float:
        """Before now."""
        return time.time() - self._at

    @property
    def asked(self) -> str:
        """The same for an agent, which reads no exponents."""
        return f"{max(0.0, self.seconds):f}"

    @property
    def before_ms(self) -> int:
        """Milliseconds UTC."""
        return round(self._at * 1000)


def older_than(text: str) -> Age | None:
    """What `--older-than` says; None where it was left out.

    Raises:
        Misuse: It is no duration.
    """
    try:
        return Age(parse_duration(text)) if text else None
    except ValueError as error:
        raise Misuse(f"--older-than: {error}") from error
