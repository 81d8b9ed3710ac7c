"""How long a server asks to be left alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def retry_after(text: str, now: datetime | None = None) -> float | None:
    """Seconds that a `Retry-After` asks for (RFC 9110, section 10.2.3): a number or a date.

    Args:
        text: The header's value.
        now: For tests.

    Returns:
        None where it says neither; never below zero.
    """
    if re.fullmatch(r"\d{1,9}", text.strip()):
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # the latter: a year or an hour of twenty digits
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())
