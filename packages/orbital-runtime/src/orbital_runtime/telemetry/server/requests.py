"""Helpers for the routes of the API: numbers in a query, and JSON answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import Response

from orbital_sdk.units import parse_duration

if TYPE_CHECKING:
    from starlette.requests import Request

DIGITS = 19
"""Maximum digits of a number, as in a sequence number."""


def answer(data: Any, code: int = 200) -> Response:
    """Data as JSON."""
    return Response(msgspec.json.encode(data), code, media_type="application/json")


def number(request: Request, name: str, default: int) -> int:
    """An integer parameter of the query.

    Raises:
        HTTPException: It is not an integer (400).
    """
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isdecimal() or len(text) > DIGITS:
        raise HTTPException(400, f"{name} must be a whole number, not {text[:20]!r}")
    return int(text)


def older_than(request: Request, now_ms: int) -> int | None:
    """The time, in milliseconds UTC, given by `older_than` (a duration) of the query; None without it."""
    text = request.query_params.get("older_than")
    if text is None:
        return None
    try:
        return now_ms - round(parse_duration(text) * 1000)
    except ValueError as error:
        raise HTTPException(400, f"older_than: {error}") from error
