"""Recent values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.exceptions import HTTPException

from orbital_console.api.operation import Operation, Parameter
from orbital_console.history.selector import parse
from orbital_console.history.values import Series, of_tasks
from orbital_runtime.telemetry.server.requests import answer, number
from orbital_runtime.threads import in_background

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from orbital_console.api.context import Context
    from orbital_sdk import Origin

LISTED = 1000
"""Series of an answer if `limit` is left out."""
MOST = 10_000
CHOICE = (
    Parameter("match", 'A selector: name{label="value",other!="value"}'),
    Parameter("task", "Key of a task"),
    Parameter("device", "Name of a device"),
    Parameter("limit", f"Series at most, {LISTED} if left out", "integer"),
)


def operations(context: Context) -> list[Operation]:
    """The operations about values."""

    async def series(request: Request) -> Response:
        read = await _read(request, context, number(request, "since", 0))
        return await in_background(lambda: answer(read()))

    async def query_range(request: Request) -> Response:
        start, step = number(request, "start", 0), number(request, "step", 0)
        end = number(request, "end", context.host.clock.utc_ms())
        read = await _read(request, context, start)
        return await in_background(lambda: answer([_stepped(one, end, step) for one in read()]))

    since = Parameter("since", "Milliseconds UTC of the first value", "integer")
    window = (
        Parameter("start", "Milliseconds UTC of the first value", "integer"),
        Parameter("end", "Milliseconds UTC of the last value; now if left out", "integer"),
        Parameter("step", "Only the last value in each so many milliseconds", "integer"),
    )
    return [
        Operation("/api/v1/series", "Recent values, by series", list[Series], series,
                  query=(*CHOICE, since), refusals=(400,)),
        Operation("/api/v1/query_range", "Values between two times, by series", list[Series],
                  query_range, query=(*CHOICE, *window), refusals=(400,)),
    ]  # fmt: skip


async def _read(request: Request, context: Context, since: int) -> Callable[[], list[Series]]:
    try:
        select = parse(request.query_params.get("match", ""))
    except ValueError as error:
        raise HTTPException(400, f"match: {error}") from error
    most = min(number(request, "limit", LISTED), MOST)
    wanted = await _wanted(request, context)
    return context.history.values.of(wanted, select=select, since_ms=since, most=most)


async def _wanted(request: Request, context: Context) -> Callable[[Origin], bool]:
    asked = {"key": "task", "device_id": "device"}
    query = request.query_params
    wanted: dict[str, Any] = {field: query[name] for field, name in asked.items() if name in query}
    if not wanted:
        return lambda _: True
    return of_tasks((await context.views.tasks(limit=MOST, wanted=wanted))["tasks"])


def _stepped(series: Series, end: int, step: int) -> Series:
    points = [point for point in series.points if point[0] <= end]
    if step:
        points = list({at // step: (at, value) for at, value in points}.values())
    return msgspec.structs.replace(series, points=points)
