"""`/api/v1/buffer`: the waiting samples. Records are served encoded, and on the owner's socket only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from orbital_buffer.inspection.reports.view import view
from orbital_buffer.inspection.wording import nothing_kept
from orbital_runtime.telemetry.server.requests import answer, number, older_than

if TYPE_CHECKING:
    from starlette.requests import Request

    from orbital_runtime.telemetry.sources import Sources

PACKED: Final = "application/msgpack"
LAYOUTS: Final = 1000
"""Maximum layouts of one answer."""


def reading(sources: Sources) -> list[Route]:
    """Routes with counts, for every client."""

    async def status(_: Request) -> Response:
        place = await sources.buffer.inspection.folder_usage()
        books = sources.buffer.inspection.books()
        return answer(view(books, place, sources.clock.utc_ms(), running=True))

    return [Route("/api/v1/buffer", status)]


def owning(sources: Sources) -> list[Route]:
    """Routes with the samples themselves, and to drop them."""
    buffer = sources.buffer

    async def page(request: Request) -> Response:
        start = number(request, "from", 0)
        return _packed(await buffer.inspection.page(start))

    async def layouts(request: Request) -> Response:
        wanted = request.query_params.get("numbers", "").split(",")[:LAYOUTS]
        numbers = [int(one) for one in wanted if one.isdecimal() and len(one) < 12]
        return _packed(await buffer.inspection.layouts(number(request, "segment", 0), numbers))

    async def drop(request: Request) -> Response:
        output = request.query_params.get("output", "")
        if output not in buffer.outputs():
            raise HTTPException(404, nothing_kept(output, buffer.outputs()))
        before = older_than(request, sources.clock.utc_ms())
        if request.query_params.get("count"):
            samples = buffer.removable(output, before_ms=before)
        else:
            samples = await buffer.remove(output, before_ms=before)
        return answer({"samples": samples, "waiting": buffer.waiting(output)})

    return [
        Route("/api/v1/buffer/page", page),
        Route("/api/v1/buffer/layouts", layouts),
        Route("/api/v1/buffer/drop", drop, methods=["POST"]),
    ]


def _packed(data: Any) -> Response:
    return Response(msgspec.msgpack.encode(data), media_type=PACKED)
