"""What the real server has nothing like: what arrived, faults on request, a page."""

from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict

from orbital_devcore import overview as shown
from orbital_devcore import people
from orbital_devcore.bodies import documented, strictly
from orbital_devcore.envelope import ANSWERS, ok
from orbital_devcore.faults import Fault
from orbital_devcore.given import TheCore

Limit = Annotated[int, Query(ge=1, le=1_000_000)]
PAGE: Final = Path(__file__).with_name("page.html")
router: Final = APIRouter(tags=["dev"], responses=ANSWERS)


class Switches(BaseModel):
    """Faults that last until they are taken back."""

    model_config = ConfigDict(extra="forbid")

    forward_stuck: bool = False
    disk_full: bool = False
    database_away: bool = False


@router.get("/dev/executions")
async def executions(
    core: TheCore, task_id: str | None = None, limit: Limit = 100
) -> dict[str, Any]:
    return ok(people.executions(core, task_id, limit))


@router.get("/dev/samples")
async def newest(core: TheCore, name: str | None = None, limit: Limit = 100) -> dict[str, Any]:
    return ok(people.newest(core, name, limit))


@router.get("/dev/neighbors")
async def neighbors(core: TheCore) -> dict[str, Any]:
    return ok(people.neighbors(core))


@router.post("/dev/faults", openapi_extra=documented(Fault))
async def add_fault(core: TheCore, request: Request) -> dict[str, Any]:
    core.faults.active.append(strictly(Fault, await request.body()))
    return ok()


@router.put("/dev/switches", openapi_extra=documented(Switches))
async def switch(core: TheCore, request: Request) -> dict[str, Any]:
    wanted = strictly(Switches, await request.body())
    core.faults.forward_stuck, core.faults.disk_full = wanted.forward_stuck, wanted.disk_full
    core.faults.database_away = wanted.database_away
    return ok()


@router.delete("/dev/faults")
async def clear(core: TheCore) -> dict[str, Any]:
    core.faults.clear()
    return ok()


@router.get("/dev/overview")
async def overview(core: TheCore) -> dict[str, Any]:
    return shown.overview(core)


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
async def page() -> str:
    return PAGE.read_text()


@router.get("/health")
async def health() -> dict[str, Any]:
    """Constants, as the real server's."""
    return {"status": "healthy", "components": {"database": "healthy", "redis": "healthy"}}


@router.get("/version")
async def version() -> dict[str, Any]:
    return {"version": "1.0.0", "build_time": "2025-11-02"}
