"""The pages: overview, tasks, and a device."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from orbital_console.explain import outputs, tasks
from orbital_console.explain.explainer import LISTED, Explainer
from orbital_console.explain.explanation import alike
from orbital_console.history.values import of_tasks
from orbital_console.web.language import LANGUAGES, preferred
from orbital_console.web.plot import plot
from orbital_console.web.rendering import render
from orbital_runtime.telemetry.server.requests import number
from orbital_runtime.threads import in_background

if TYPE_CHECKING:
    from starlette.requests import Request

    from orbital_console.history.history import History
    from orbital_runtime.extensions import Views

REFRESH: Final = 5
"""Seconds between two looks of an open page."""
ROWS: Final = 200
"""Tasks of a page."""
PLOTS: Final = 100
"""Series of a device's page at most."""
CARDS: Final = 100
"""Different troubles on the overview at most, the worst ones; `/tasks` has all."""
SEARCHED: Final = ("key", "device_id", "plugin", "error", "paused")
STATES: Final = ("failing", "paused", "unusable", "partial", "waiting", "ok")
STATIC: Final = {"console.css": "text/css", "console.js": "text/javascript"}
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
COOKIE: Final = "sentinel_language"
YEAR: Final = 365 * 86400


def pages(history: History, views: Views) -> list[Route]:
    """The routes of the pages.

    Args:
        history: Runs and values.
        views: The agent's state.
    """

    def explainer() -> Explainer:
        return Explainer(views, history.runs)  # a reload may begin another history

    async def page(request: Request, template: str, *, code: int = 200, **values: Any) -> Response:
        status = await views.status()
        named = {"status": status, "name": status["sentinel"]["name"], "here": template}
        return await in_background(_page, request, template, code, named | values)

    async def overview(request: Request) -> Response:
        shown = views.outputs()
        states = {one["name"]: outputs.explain(one).state for one in shown}
        troubles = alike(await explainer().troubles())[:CARDS]
        return await page(request, "overview", troubles=troubles, outputs=shown, states=states)

    async def listed(request: Request) -> Response:
        query, state = request.query_params.get("q", ""), request.query_params.get("state", "")
        found = [
            view | {"state": now}
            async for view in explainer().all_tasks()
            if _has(view, query.lower()) and (now := tasks.state(view)) == (state or now)
        ]
        at = number(request, "page", 0)
        first = at * ROWS
        return await page(
            request, "tasks", rows=found[first : first + ROWS], total=len(found), first=first,
            page=at, q=query, state=state, all_states=STATES,
        )  # fmt: skip

    async def device(request: Request) -> Response:
        name = request.path_params["name"]
        found = [one for one in await explainer().about(name) if one.device == name]
        mine = (await views.tasks(limit=LISTED, wanted={"device_id": name}))["tasks"]
        series = await in_background(history.values.of(of_tasks(mine), most=PLOTS))
        plots = [plot(one) for one in series]
        code = 200 if found else 404
        return await page(request, "device", code=code, device=name, found=found, plots=plots)

    return [
        Route("/", overview),
        Route("/tasks", listed),
        Route("/devices/{name:path}", device),
        Route("/console/{name}", _static),
    ]


def _has(task: dict[str, Any], query: str) -> bool:
    return not query or any(query in str(task[field]).lower() for field in SEARCHED)


def _page(request: Request, template: str, code: int, values: dict[str, Any]) -> Response:
    chosen = request.query_params.get("lang") or request.cookies.get(COOKIE, "")
    language = (
        chosen if chosen in LANGUAGES else preferred(request.headers.get("Accept-Language", ""))
    )
    body = render(f"{template}.html", language, refresh=REFRESH, **values)
    response = HTMLResponse(body, code, headers=HEADERS)
    if chosen in LANGUAGES:
        response.set_cookie(COOKIE, language, max_age=YEAR, samesite="strict", httponly=True)
    return response


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in STATIC:
        raise HTTPException(404, "there is no such file")
    body = files("orbital_console.web").joinpath("static", name).read_bytes()
    return Response(
        body, media_type=STATIC[name], headers=HEADERS | {"Cache-Control": "max-age=300"}
    )
