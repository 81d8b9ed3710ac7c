"""The shape of every answer: `code` 0 with `data` or `message`, or another code with the reason."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request  # noqa: TC002 (FastAPI reads it)
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from orbital_devcore.core import Refused


class Failure(BaseModel):
    code: int
    message: str
    error: str | None = None


def _described(status: int, words: str) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Failure, "description": words}}


ANSWERS: Final = {
    **_described(400, "the body cannot be read"),
    **_described(401, "who asks is not known"),
    **_described(404, "what is asked for is not there"),
    **_described(413, "too much at once"),
    **_described(500, "the server failed"),
}


def ok(data: Any = None) -> dict[str, Any]:
    return {"code": 0, "message": "success"} if data is None else {"code": 0, "data": data}


async def refused(_: Request, error: Exception) -> Response:
    """What a `Refused` looks like from outside."""
    if not isinstance(error, Refused):
        raise error
    if error.code is None:
        return Response(status_code=error.status)
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.status in (401, 403):
        body["error"] = "Unauthorized" if error.status == 401 else "Forbidden"
    return JSONResponse(body, status_code=error.status)
