"""The routes: `/metrics`, `/healthz`, `/readyz`, and `/api/v1`.

Routes that only read are served everywhere, and so are a reload and a run of a task. What loses samples or
ends the agent is served on the owner's socket only.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from orbital_cardinality import report
from orbital_runtime.settings.problem import SettingsError
from orbital_runtime.telemetry import health
from orbital_runtime.telemetry.api import buffer, dead_letters, views
from orbital_runtime.telemetry.metrics.exposition import CONTENT_TYPE, Metrics
from orbital_runtime.telemetry.server.requests import answer, number
from orbital_runtime.threads import in_background
from orbital_sdk import ConfigurationError
from orbital_sdk.secrecy import scrub

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from orbital_runtime.telemetry.sources import Control, Sources

TOP: Final = 10
"""Default number of metrics, devices, tasks and labels in `/api/v1/cardinality`."""
PAGE: Final = 1000
"""Default number of tasks on a page of `/api/v1/tasks`."""
LARGEST_PAGE: Final = 10_000
FILTERS: Final = ("key", "status", "plugin", "device_id")


def public(sources: Sources, metrics: Metrics, control: Control) -> Starlette:
    """The app with the routes for HTTP clients; who may use which is decided before it."""
    return _app([*_actions(sources, control), *_reading(sources, metrics)])


def owning(sources: Sources, metrics: Metrics, control: Control, token: str) -> Starlette:
    """The app with all routes, for the owner.

    Args:
        sources: The parts of the agent.
        metrics: For `/metrics`.
        control: Actions.
        token: That of HTTP requests.
    """
    own = _owning(sources, control, token)
    return _app([*_actions(sources, control), *own, *_reading(sources, metrics)])


def _app(routes: Sequence[BaseRoute]) -> Starlette:
    """The index comes last: an extension may serve another page there."""
    pages = "".join(
        f"{route.path}\n"
        for route in routes
        if isinstance(route, Route) and "GET" in (route.methods or ())
    )
    index = _get("/", lambda _: PlainTextResponse(f"Orbital Sentinel\n\n{pages}"))
    return Starlette(
        routes=[*routes, index], exception_handlers={HTTPException: _refused, Exception: _broke}
    )


def _reading(sources: Sources, metrics: Metrics) -> list[BaseRoute]:
    async def scrape(_: Request) -> Response:
        snapshot = await metrics.snapshot()  # on the event loop, where nothing changes meanwhile
        return Response(await in_background(snapshot.text), media_type=CONTENT_TYPE)

    async def status(_: Request) -> Response:
        return answer(await views.status(sources))

    async def tasks(request: Request) -> Response:
        return answer(await _tasks(sources, request))

    async def cardinality(request: Request) -> Response:
        top = min(number(request, "top", TOP), LARGEST_PAGE)
        return answer(await in_background(report(sources.engine.budget, top)))

    return [
        Route("/metrics", scrape),
        _get("/healthz", lambda _: _health(sources)),
        _get("/readyz", lambda _: _ready(sources)),
        Route("/api/v1/status", status),
        Route("/api/v1/tasks", tasks),
        _get("/api/v1/outputs", lambda _: answer(views.outputs(sources))),
        *buffer.reading(sources),
        _get("/api/v1/ledger", lambda _: answer(views.ledger(sources))),
        _get("/api/v1/processors", lambda _: answer(views.processors(sources))),
        Route("/api/v1/cardinality", cardinality),
        _get("/api/v1/plugins", lambda _: answer(views.plugins(sources))),
        *[route for one in sources.extensions for route in one.routes()],
    ]


def _get(path: str, give: Callable[[Request], Response]) -> Route:
    async def endpoint(request: Request) -> Response:
        return give(request)

    return Route(path, endpoint)


def _actions(sources: Sources, control: Control) -> list[Route]:
    """What is repeated or undone by asking again."""

    async def reload(_: Request) -> Response:
        try:
            changes = await control.reload()
            return answer({"changes": changes, "last": control.reloaded()})
        except SettingsError as error:
            problems = [str(problem) for problem in error.problems]
            return answer(
                {
                    "error": "the new configuration has errors, the old one stays in effect",
                    "problems": problems,
                },
                422,
            )

    async def run(request: Request) -> Response:
        given, states = request.path_params["key"], sources.scheduler.states()
        keys = (given, *(f"{one.name}/{given}" for one in sources.extensions))
        key = next((key for key in keys if key in states), given)
        try:
            ended = await sources.scheduler.trigger(key)
        except LookupError as error:
            raise HTTPException(404, str(error.args[0])) from error
        return answer(asdict(ended))

    return [
        Route("/api/v1/reload", reload, methods=["POST"]),
        Route("/api/v1/tasks/{key:path}/run", run, methods=["POST"]),
    ]


def _owning(sources: Sources, control: Control, token: str) -> list[Route]:
    async def stop(_: Request) -> Response:
        control.stop()
        return answer({"stopping": True}, 202)

    async def update(request: Request) -> Response:
        try:
            return answer({"done": await control.update(request.path_params["name"])})
        except ConfigurationError as error:
            raise HTTPException(409, str(error)) from error

    return [
        *buffer.owning(sources),
        *dead_letters.owning(sources),
        Route("/api/v1/stop", stop, methods=["POST"]),
        Route("/api/v1/plugins/{name:path}/reload", update, methods=["POST"]),
        _get("/api/v1/token", lambda _: answer({"token": token})),
    ]


def _health(sources: Sources) -> Response:
    stalled = health.alive(sources)
    if stalled is None:
        return answer({"alive": True, "state": sources.state()})
    return answer({"alive": False, "state": sources.state(), "reasons": [asdict(stalled)]}, 503)


def _ready(sources: Sources) -> Response:
    found = health.reasons(sources)
    ready = not any(reason.blocks for reason in found)
    body = {"ready": ready, "state": sources.state(), "reasons": [asdict(r) for r in found]}
    return answer(body, 200 if ready else 503)


async def _tasks(sources: Sources, request: Request) -> views.View:
    query = request.query_params
    limit = number(request, "limit", PAGE)
    offset = number(request, "offset", 0)
    wanted = {name: query[name] for name in FILTERS if name in query}
    return await views.tasks(sources, limit=min(limit, LARGEST_PAGE), offset=offset, wanted=wanted)


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return answer({"error": ""}, 500)
    refusal = answer({"error": error.detail}, error.status_code)
    refusal.headers.update(error.headers or {})
    return refusal


async def _broke(_: Request, error: Exception) -> Response:
    return answer(
        {"error": f"the agent has a bug: {type(error).__name__}: {scrub(str(error))}"}, 500
    )
