"""Outputs over time, the way of samples, reloads, the log, and the configuration."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from orbital_console.api.operation import Operation, Parameter
from orbital_console.explain import outputs
from orbital_console.explain.neighbours import Link
from orbital_console.history.log import Line
from orbital_runtime.telemetry.server.requests import answer, number
from orbital_runtime.threads import in_background

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from orbital_console.api.context import Context

View = dict[str, Any]
LINES = 200
"""Lines of an answer if `lines` is left out."""
MOST = 10_000
LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
"""Those that a client may ask for."""


def operations(context: Context) -> list[Operation]:
    """The operations about the agent itself."""

    async def output(request: Request) -> Response:
        name = request.path_params["name"]
        found = next((one for one in context.views.outputs() if one["name"] == name), None)
        if found is None:
            raise HTTPException(404, f"there is no output {name[:100]!r}")
        history = context.history.outputs
        return answer(found | {
            "explanation": outputs.explain(found),
            "attempts": context.views.attempts().get(name, []),
            "points": [one._asdict() for one in history.points(name)],
            "changes": [one._asdict() for one in history.changes(name)],
        })  # fmt: skip

    async def flow(_: Request) -> Response:
        return answer(context.history.flow.rates)

    async def neighbours(_: Request) -> Response:
        return answer(await context.links())

    async def reloads(_: Request) -> Response:
        return answer([*reversed(context.history.reloads)])

    async def lines(request: Request) -> Response:
        most = min(number(request, "lines", LINES), MOST)
        return answer(context.history.log.lines(level(request), most))

    async def configuration(_: Request) -> Response:
        return answer(await in_background(context.host.configuration))

    query = (
        Parameter("level", f"The least one: {', '.join(LEVELS)}"),
        Parameter("lines", f"Lines at most, {LINES} if left out", "integer"),
    )
    return [
        Operation("/api/v1/outputs/{name}", "An output with its last requests and its backlog over time",
                  View, output, refusals=(404,)),
        Operation("/api/v1/flow", "Samples per second by station", dict[str, float], flow),
        Operation("/api/v1/neighbours", "Which devices are neighbours", list[Link], neighbours),
        Operation("/api/v1/reloads", "Reloads of the configuration, the newest first", list[View], reloads),
        Operation("/api/v1/log", "The last lines of the log, the newest first", list[Line], lines,
                  query=query, refusals=(400,)),
        Operation("/api/v1/configuration", "The configuration in effect, secrets masked", View,
                  configuration),
    ]  # fmt: skip


def level(request: Request) -> int:
    """The level that the query asks for.

    Raises:
        HTTPException: There is no such level (400).
    """
    name = request.query_params.get("level", "debug")
    if name not in LEVELS:
        raise HTTPException(400, f"level must be one of {', '.join(LEVELS)}, not {name[:20]!r}")
    return LEVELS[name]
