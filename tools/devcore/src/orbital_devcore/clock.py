"""The server's time: true UTC, or wall clock in Shanghai with a false Z (`--quirks`)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

SHANGHAI: Final = timezone(timedelta(hours=8))


class Clock:
    """Renders times as the server does.

    Args:
        quirks: Whether what services set loses its offset and is later shown with a false Z.
    """

    def __init__(self, *, quirks: bool = False) -> None:
        self._zone = SHANGHAI if quirks else UTC
        self._quirks = quirks

    def now(self) -> datetime:
        return datetime.now(UTC)

    def text(self, moment: datetime) -> str:
        """A time that a service sets."""
        return rfc3339(moment.astimezone(self._zone))

    def true(self, moment: datetime | None = None) -> str:
        """A time that the database sets: UTC in either mood."""
        return rfc3339((moment or self.now()).astimezone(UTC))

    def reported(self, text: str) -> datetime | None:
        """`executed_at` of a report; None where it is no RFC 3339 with an offset."""
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
        if moment.tzinfo is None:
            return None
        return moment

    def kept(self, moment: datetime) -> str:
        """A time that a client sent, as it comes back: with quirks without its offset."""
        return rfc3339(moment if self._quirks else moment.astimezone(UTC))


def rfc3339(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
