"""What was learned of units, kept across restarts."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, Field, ValidationError

from orbital_plugin_modbus.planner import Hole  # noqa: TC001 (pydantic reads annotations)
from orbital_plugin_modbus.quirks import MOST_HOLES

if TYPE_CHECKING:
    from orbital_plugin_modbus.job import Job
    from orbital_plugin_modbus.quirks import Quirks
    from orbital_sdk import StateFile

DAY: Final = 86_400.0


class Entry(BaseModel):
    """Of one unit by one map."""

    at: float
    """Unix seconds at which the last of it was learned."""
    holes: list[Hole] = Field(default=[], max_length=MOST_HOLES)
    registers: int = Field(125, ge=1, le=125)
    bits: int = Field(2000, ge=1, le=2000)


def recall(state: StateFile, job: Job) -> None:
    """Give units that know nothing yet what was learned of them less than a day ago."""
    for reader in job.readers:
        quirks = reader.unit.quirks
        if quirks.version:
            continue
        entry = _entry(state.get(_key(job, reader.unit.number)))
        if entry is not None and entry.at > time.time() - DAY:
            quirks.restore(entry.holes, registers=entry.registers, bits=entry.bits)


def store(state: StateFile, job: Job) -> None:
    """Store what is known of a job's units."""
    for reader in job.readers:
        entry = _known(reader.unit.quirks)
        state.set(_key(job, reader.unit.number), entry.model_dump(mode="json"))
    state.save_soon()


def _entry(stored: object) -> Entry | None:
    """None where nothing was noted, or what makes no sense: the device will show it again."""
    try:
        return Entry.model_validate(stored)
    except ValidationError:
        return None


def _known(quirks: Quirks) -> Entry:
    return Entry(
        at=time.time(),
        holes=sorted(quirks.holes),
        registers=quirks.most_registers,
        bits=quirks.most_bits,
    )


def _key(job: Job, unit: int) -> str:
    """Another map is another device, as far as anybody knows."""
    places = [(f.table.name, f.start, f.stop) for f in job.fields]
    digest = hashlib.sha256(repr(places).encode()).hexdigest()[:16]
    return " ".join((*job.way.line.key, str(unit), digest))
