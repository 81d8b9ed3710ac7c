"""`/api/v1/buffer/dead-letters`: samples that destinations refused; on the owner's socket only."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.routing import Route

from orbital_buffer.format.letter import id_of
from orbital_buffer.inspection.wording import no_such_output
from orbital_buffer.letters.view import view
from orbital_buffer.model.errors import BufferFull
from orbital_buffer.model.letter_index import Wanted
from orbital_runtime.telemetry.server.requests import answer, number, older_than

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from orbital_runtime.telemetry.sources import Sources

ROUTE: Final = "/api/v1/buffer/dead-letters"
LISTED: Final = 1000
"""Maximum dead letters of one answer."""


def owning(sources: Sources) -> list[Route]:
    """Routes to list, read, count, replay and purge dead letters.

    All take `output` and `older_than`; `count=1` only counts what a change would concern.
    """
    letters = sources.buffer.dead_letters

    async def listed(request: Request) -> Response:
        wanted = _wanted(sources, request)
        most = LISTED if wanted.limit is None else min(LISTED, wanted.limit)
        found = await letters.list(wanted._replace(limit=most))
        total = letters.count(wanted._replace(limit=None))
        return answer({"total": total, "letters": [view(letter) for letter in found]})

    async def show(request: Request) -> Response:
        text = request.path_params["letter"]
        try:
            letter = await letters.show(id_of(text))
        except ValueError as error:
            raise HTTPException(HTTPStatus.BAD_REQUEST, str(error)) from error
        if letter is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"there is no dead letter {text}")
        return answer(view(letter))

    async def purge(request: Request) -> Response:
        wanted = _wanted(sources, request)
        if request.query_params.get("count"):
            return answer({"letters": letters.count(wanted)})
        return answer({"letters": await letters.purge(wanted)})

    async def replay(request: Request) -> Response:
        wanted = _wanted(sources, request)
        try:
            return answer({"letters": await letters.replay(wanted)})
        except LookupError as error:
            raise HTTPException(HTTPStatus.CONFLICT, str(error.args[0])) from error
        except BufferFull as error:
            raise HTTPException(HTTPStatus.CONFLICT, str(error)) from error

    return [
        Route(ROUTE, listed),
        Route(f"{ROUTE}/purge", purge, methods=["POST"]),
        Route(f"{ROUTE}/replay", replay, methods=["POST"]),
        Route(f"{ROUTE}/{{letter}}", show),
    ]


def _wanted(sources: Sources, request: Request) -> Wanted:
    output = request.query_params.get("output")
    known = sources.buffer.ledger.accounts()
    if output is not None and output not in known:
        raise HTTPException(HTTPStatus.NOT_FOUND, no_such_output(output, known))
    limit = (
        number(request, "limit", 0) if "limit" in request.query_params else None
    )  # 0 means none, not all
    return Wanted(output, older_than(request, sources.clock.utc_ms()), limit)
