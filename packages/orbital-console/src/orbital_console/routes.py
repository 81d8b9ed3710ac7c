"""The routes of the console's API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.routing import Route

from orbital_console.explain.explainer import Explainer
from orbital_console.history.values import of_tasks
from orbital_console.web.pages import pages
from orbital_runtime.telemetry.server.requests import answer, number
from orbital_runtime.threads import in_background

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from orbital_console.history.history import History
    from orbital_runtime.extensions import Views


def routes(history: History, views: Views, *, shown: bool = True) -> list[BaseRoute]:
    """`/api/v1/explain`, `/api/v1/series`, and the pages.

    Args:
        history: Runs and values.
        views: The agent's state.
        shown: Whether there are pages.
    """

    async def explain(request: Request) -> Response:
        """With `name` the tasks, devices and outputs of that name; else all that are not well."""
        explainer = Explainer(views, history.runs)
        name = request.query_params.get("name")
        if name is None:
            return answer(await explainer.troubles())
        found = await explainer.about(name)
        if not found:
            raise HTTPException(404, f"no task, device or output is called {name[:100]!r}")
        return answer(found)

    async def series(request: Request) -> Response:
        """The recent values of the task with the key `task`, from `since` (milliseconds UTC) on."""
        task = request.query_params.get("task", "")
        mine = (await views.tasks(limit=1, wanted={"key": task}))["tasks"]
        read = history.values.of(of_tasks(mine), since_ms=number(request, "since", 0))
        return await in_background(lambda: answer(read()))

    return [
        Route("/api/v1/explain", explain),
        Route("/api/v1/series", series),
        *(pages(history, views) if shown else ()),
    ]
