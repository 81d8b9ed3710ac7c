"""The routes of the console: its API, and the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from orbital_console.api import agent, series, stream, tasks
from orbital_console.api.document import document
from orbital_console.web.pages import pages
from orbital_runtime.telemetry.server.requests import answer

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from orbital_console.api.context import Context
    from orbital_console.api.operation import Operation


def operations(context: Context) -> list[Operation]:
    """The operations that the console adds to the API."""
    return [*tasks.operations(context), *series.operations(context), *agent.operations(context)]


def routes(context: Context, *, shown: bool = True) -> list[BaseRoute]:
    """The API, its OpenAPI document, and the pages.

    Args:
        context: The state of the agent.
        shown: Whether there are pages.
    """
    added = operations(context)

    async def openapi(_: Request) -> Response:
        return answer(document(added))

    return [
        Route("/api/v1/openapi.json", openapi),
        stream.route(context.events),
        *(one.route for one in added),
        *(pages(context) if shown else ()),
    ]
