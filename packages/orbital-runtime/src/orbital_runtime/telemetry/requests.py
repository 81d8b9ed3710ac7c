"""What several pages of the API share: numbers in a query, and JSON answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.requests import Request

DIGITS = 19
"""As many as a sequence number may have."""


def answer(data: Any, code: int = 200) -> Response:
    """Data as JSON."""
    return Response(msgspec.json.encode(data), code, media_type="application/json")


def number(request: Request, name: str, default: int) -> int:
    """A whole number of the query.

    Raises:
        HTTPException: It is none (400).
    """
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isdecimal() or len(text) > DIGITS:
        raise HTTPException(400, f"{name} must be a whole number, not {text[:20]!r}")
    return int(text)
