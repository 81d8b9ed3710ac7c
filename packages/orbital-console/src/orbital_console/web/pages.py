"""The pages."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec
import yaml
from starlette.routing import Route

from orbital_console.api.agent import LEVELS, level
from orbital_console.explain import outputs, tasks
from orbital_console.explain.devices import devices
from orbital_console.explain.explainer import LISTED, RANK
from orbital_console.explain.explanation import alike
from orbital_console.history.values import of_tasks
from orbital_console.web.graph import graph
from orbital_console.web.listing import listing
from orbital_console.web.map import map_of
from orbital_console.web.page import page, static
from orbital_console.web.plot import backlog, plot
from orbital_runtime.threads import in_background

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from orbital_console.api.context import Context, View
    from orbital_console.explain.explanation import State
    from orbital_console.history.values import Series

PLOTS: Final = 60
"""Series of a device's page at most; a search finds the others."""
SERIES: Final = 5000
"""Series of a device that are searched."""
CARDS: Final = 100
"""Different troubles on the overview at most, the worst ones; `/tasks` has all."""
ATTEMPTS: Final = 10
"""Requests and changes shown of each output."""
LINES: Final = 500
"""Lines of the log."""
WRITTEN_OUT: Final = 200
"""Tasks of the configuration that are written out; the page of tasks has them all."""


def pages(context: Context) -> list[Route]:
    """The routes of the pages."""
    shown = {
        "/": _overview,
        "/tasks": _tasks,
        "/devices": _devices,
        "/devices/{name:path}": _device,
        "/map": _map,
        "/outputs": _outputs,
        "/flow": _flow,
        "/log": _log,
        "/configuration": _configuration,
    }
    routes = [Route(path, partial(show, context)) for path, show in shown.items()]
    return [*routes, Route("/console/{name}", static)]


async def _overview(context: Context, request: Request) -> Response:
    troubles = alike(await context.explainer.troubles())[:CARDS]
    known = context.views.outputs()
    return await page(
        context, request, "overview", troubles=troubles, outputs=known, states=_states(known)
    )


async def _tasks(context: Context, request: Request) -> Response:
    rows = [view | {"state": tasks.state(view)} for view in await context.all_tasks()]
    searched = ("key", "device_id", "plugin", "error", "paused")
    asked = listing(request, rows, searched, RANK)
    return await page(context, request, "tasks", asked=asked, all_states=[*RANK])


async def _devices(context: Context, request: Request) -> Response:
    rows = [msgspec.structs.asdict(one) for one in devices(await context.all_tasks())]
    asked = listing(request, rows, ("name", "plugins", "error"), RANK)
    return await page(context, request, "devices", asked=asked, all_states=[*RANK])


async def _device(context: Context, request: Request) -> Response:
    name, q = request.path_params["name"], request.query_params.get("q", "")
    found = [one for one in await context.explainer.about(name) if one.device == name]
    mine = (await context.views.tasks(limit=LISTED, wanted={"device_id": name}))["tasks"]
    series = await in_background(context.history.values.of(of_tasks(mine), most=SERIES))
    matching = [one for one in series if _matches(one, q.lower())]
    links = [one for one in await context.links() if name in (one.device, one.neighbour)]
    return await page(
        context, request, "device", code=200 if found else 404, device=name, found=found, q=q,
        plots=[plot(one) for one in matching[:PLOTS]], total=len(matching), links=links,
    )  # fmt: skip


async def _map(context: Context, request: Request) -> Response:
    links = await context.links()
    states: dict[str, str] = {one.name: one.state for one in devices(await context.all_tasks())}
    drawn = await in_background(map_of, links, states)
    return await page(context, request, "map", links=links, map=drawn, states=states)


async def _outputs(context: Context, request: Request) -> Response:
    history, attempts = context.history.outputs, context.views.attempts()
    shown = [
        {
            "view": one,
            "explanation": outputs.explain(one),
            "backlog": backlog(one["name"], history.points(one["name"])),
            "changes": history.changes(one["name"])[: -ATTEMPTS - 1 : -1],
            "attempts": attempts.get(one["name"], [])[: -ATTEMPTS - 1 : -1],
        }
        for one in context.views.outputs()
    ]
    return await page(context, request, "outputs", outputs=shown)


async def _flow(context: Context, request: Request) -> Response:
    rates = context.history.flow.rates
    states = _states(context.views.outputs())
    drawn = graph(rates, [*context.views.processors()], states)
    left_out = context.views.plugins()["refused_samples"]
    processors = context.views.processors()
    return await page(
        context, request, "flow", graph=drawn, left_out=left_out, processors=processors
    )


async def _log(context: Context, request: Request) -> Response:
    q = request.query_params.get("q", "")
    lines = context.history.log.lines(level(request), LINES)
    found = [line for line in lines if q.lower() in line.text.lower()]
    chosen = request.query_params.get("level", "debug")
    return await page(context, request, "log", lines=found, q=q, level=chosen, levels=[*LEVELS])


async def _configuration(context: Context, request: Request) -> Response:
    text = await in_background(_as_yaml, context)
    reloads = [*reversed(context.history.reloads)]
    return await page(context, request, "configuration", text=text, reloads=reloads, refresh=0)


def _as_yaml(context: Context) -> str:
    shown: View = context.host.configuration()
    if len(shown["tasks"]) > WRITTEN_OUT:
        shown["tasks"] = f"{len(shown['tasks'])} tasks"
    text: str = yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=100)
    return text


def _states(known: list[View]) -> dict[str, State]:
    return {one["name"]: outputs.explain(one).state for one in known}


def _matches(series: Series, q: str) -> bool:
    return q in series.name.lower() or any(q in value.lower() for value in series.labels.values())
