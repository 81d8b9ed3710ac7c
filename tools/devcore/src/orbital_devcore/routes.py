"""The six routes that sentinels call."""

from typing import Any, Final

from fastapi import APIRouter, Request

from orbital_devcore import assignments, samples, sentinels, topology, wire
from orbital_devcore.bodies import documented, read, read_packed
from orbital_devcore.envelope import ANSWERS, ok
from orbital_devcore.given import Sentinel, TheCore

router: Final = APIRouter(prefix="/api/v1", tags=["sentinels"], responses=ANSWERS)


@router.post("/sentinels/register", openapi_extra=documented(wire.Registration))
async def register(core: TheCore, request: Request) -> dict[str, Any]:
    return ok(sentinels.register(core, await read(core, request, wire.Registration)))


@router.post("/sentinels/heartbeat", openapi_extra=documented(wire.Heartbeat))
async def heartbeat(core: TheCore, sentinel: Sentinel, request: Request) -> dict[str, Any]:
    return ok(sentinels.heartbeat(core, sentinel, await read(core, request, wire.Heartbeat)))


@router.get("/sentinel-tasks")
async def tasks(core: TheCore, sentinel: Sentinel) -> dict[str, Any]:
    return ok(assignments.tasks(core, sentinel))


@router.post("/sentinel-tasks/{task_id}/report", openapi_extra=documented(wire.Report))
async def report(core: TheCore, _: Sentinel, request: Request, task_id: str) -> dict[str, Any]:
    assignments.report(core, task_id, await read(core, request, wire.Report))
    return ok()


@router.post("/data/ingest", openapi_extra=documented(wire.Ingest))
async def ingest(core: TheCore, sentinel: Sentinel, request: Request) -> dict[str, Any]:
    return ok(samples.ingest(core, sentinel, await read_packed(core, request, wire.Ingest)))


@router.post("/topology/lldp", openapi_extra=documented(wire.Neighbors))
async def lldp(core: TheCore, _: Sentinel, request: Request) -> dict[str, Any]:
    return ok(topology.lldp(core, await read(core, request, wire.Neighbors, code=10001)))
