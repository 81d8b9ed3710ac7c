"""Tasks, devices, and explanations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from orbital_console.api.operation import Operation, Parameter
from orbital_console.explain.devices import Device, devices
from orbital_console.explain.explainer import LISTED
from orbital_console.explain.explanation import Explanation
from orbital_runtime.telemetry.server.requests import answer

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from orbital_console.api.context import Context

View = dict[str, Any]


def operations(context: Context) -> list[Operation]:
    """The operations about tasks and devices."""

    async def explain(request: Request) -> Response:
        name = request.query_params.get("name")
        if name is None:
            return answer(await context.explainer.troubles())
        found = await context.explainer.about(name)
        if not found:
            raise HTTPException(404, f"no task, device or output is called {name[:100]!r}")
        return answer(found)

    async def task(request: Request) -> Response:
        key = request.path_params["key"]
        found = (await context.views.tasks(limit=1, wanted={"key": key}))["tasks"]
        if not found:
            raise HTTPException(404, f"there is no task {key[:100]!r}")
        return answer(found[0] | {"explanation": context.explainer.explained(found[0])})

    async def all_devices(_: Request) -> Response:
        return answer(devices(await context.all_tasks()))

    async def device(request: Request) -> Response:
        name = request.path_params["name"]
        explainer = context.explainer
        mine = (await context.views.tasks(limit=LISTED, wanted={"device_id": name}))["tasks"]
        if not mine:
            raise HTTPException(404, f"there is no device {name[:100]!r}")
        links = [one for one in await context.links() if name in (one.device, one.neighbour)]
        return answer({
            "device": devices(mine)[0],
            "tasks": await explainer.explain(mine),
            "neighbours": links,
        })  # fmt: skip

    name = Parameter("name", "A task, device or output; all that is not well if left out")
    return [
        Operation("/api/v1/explain", "What is wrong, since when, why, and what to do",
                  list[Explanation], explain, query=(name,), refusals=(404,)),
        Operation("/api/v1/tasks/{key:path}", "A task, explained, with its last runs", View, task,
                  refusals=(404,)),
        Operation("/api/v1/devices", "Devices, as their tasks show them", list[Device], all_devices),
        Operation("/api/v1/devices/{name:path}", "A device: its tasks, explained, and neighbours",
                  View, device, refusals=(404,)),
    ]  # fmt: skip
