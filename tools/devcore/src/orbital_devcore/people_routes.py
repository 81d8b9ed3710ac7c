"""Devices and tasks, as people make them. There is no login here."""

from typing import Any, Final

from fastapi import APIRouter, Request

from orbital_devcore import assignments, people, wire
from orbital_devcore.bodies import documented, read
from orbital_devcore.envelope import ANSWERS, Failure, ok
from orbital_devcore.given import TheCore

CONFLICT: Final[dict[int | str, dict[str, Any]]] = {
    409: {"model": Failure, "description": "still in use"}
}
router: Final = APIRouter(prefix="/api/v1", tags=["people"], responses={**ANSWERS, **CONFLICT})


@router.get("/devices")
async def devices(core: TheCore) -> dict[str, Any]:
    return ok(people.devices(core))


@router.post("/devices", openapi_extra=documented(wire.Device))
async def add_device(core: TheCore, request: Request) -> dict[str, Any]:
    return ok(people.add_device(core, await read(core, request, wire.Device)))


@router.get("/devices/{device_id}")
async def device(core: TheCore, device_id: str) -> dict[str, Any]:
    return ok(people.device(core, device_id))


@router.put("/devices/{device_id}", openapi_extra=documented(wire.DeviceChange))
async def change_device(core: TheCore, request: Request, device_id: str) -> dict[str, Any]:
    change = await read(core, request, wire.DeviceChange)
    return ok(people.change_device(core, device_id, change))


@router.delete("/devices/{device_id}")
async def remove_device(core: TheCore, device_id: str) -> dict[str, Any]:
    people.remove_device(core, device_id)
    return ok()


@router.get("/tasks")
async def tasks(core: TheCore) -> dict[str, Any]:
    return ok(people.tasks(core))


@router.post("/tasks", openapi_extra=documented(wire.Task))
async def add_task(core: TheCore, request: Request) -> dict[str, Any]:
    return ok(people.add_task(core, await read(core, request, wire.Task)))


@router.get("/tasks/{task_id}")
async def task(core: TheCore, task_id: str) -> dict[str, Any]:
    return ok(people.task(core, task_id))


@router.put("/tasks/{task_id}", openapi_extra=documented(wire.TaskChange))
async def change_task(core: TheCore, request: Request, task_id: str) -> dict[str, Any]:
    change = await read(core, request, wire.TaskChange)
    return ok(people.change_task(core, task_id, change))


@router.delete("/tasks/{task_id}")
async def remove_task(core: TheCore, task_id: str) -> dict[str, Any]:
    people.remove_task(core, task_id)
    return ok()


@router.post("/tasks/{task_id}/trigger")
async def trigger(core: TheCore, task_id: str) -> dict[str, Any]:
    assignments.trigger(core, task_id)
    return ok()


@router.get("/sentinels")
async def sentinels(core: TheCore) -> dict[str, Any]:
    return ok(people.sentinels(core))


@router.delete("/sentinels/{sentinel_id}")
async def forget(core: TheCore, sentinel_id: str) -> dict[str, Any]:
    people.forget(core, sentinel_id)
    return ok()
