"""The server, put together."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from orbital_devcore import dev_routes, people_routes, routes
from orbital_devcore.core import Refused
from orbital_devcore.envelope import refused
from orbital_devcore.troubled import Troubled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_devcore.core import Core


def create_app(core: Core) -> Troubled:
    """An ASGI application over this server. Routes are built once; each request brings its server along."""
    return Troubled(_routes(), core)


@cache
def _routes() -> FastAPI:
    app = FastAPI(
        title="devcore", version="1.0.0", description="A Gravital Core to develop against."
    )
    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    for room in (routes, people_routes, dev_routes):
        app.include_router(room.router)
    return app


async def _http(request: Request, error: Exception) -> Response:
    """An unknown route, or a wrong method: gin says 404 to both, a sane server tells them apart."""
    if getattr(error, "status_code", 500) == 405 and not request.scope["core"].quirks:
        headers = {"Allow": ", ".join(sorted(_methods(request)))}
        return PlainTextResponse("405 method not allowed", status_code=405, headers=headers)
    return PlainTextResponse("404 page not found", status_code=404)


def _methods(request: Request) -> set[str]:
    """What this path knows; the router itself names the methods of the first match alone."""
    matching = [
        route
        for route in request.app.router.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
    ]
    return {method for route in matching for method in route.methods or ()}


async def _invalid(request: Request, error: Exception) -> Response:
    reasons: Sequence[Any] = error.errors() if isinstance(error, RequestValidationError) else ()
    text = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in reasons)
    return await refused(request, Refused(400, 40001, text))
