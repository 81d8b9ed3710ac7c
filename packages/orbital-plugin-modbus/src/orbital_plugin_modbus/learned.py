"""What was learned of units, kept in a file across restarts."""

from __future__ import annotations

import hashlib
import logging
import time
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, Field, ValidationError

from orbital_plugin_modbus.memory import MOST_HOLES
from orbital_plugin_modbus.planner import Hole

if TYPE_CHECKING:
    from pathlib import Path

    from orbital_plugin_modbus.job import Job
    from orbital_plugin_modbus.memory import Memory

FILE: Final = "learned.json"
LARGEST: Final = 16 << 20
MOST_UNITS: Final = 10_000
DAY: Final = 86_400.0
_log = logging.getLogger("orbital.plugin.modbus")


class Entry(BaseModel):
    """Of one unit by one map."""

    at: float
    """Unix seconds at which the last of it was learned."""
    holes: list[tuple[str, int, int]] = Field(default=[], max_length=MOST_HOLES)
    registers: int = Field(125, ge=1, le=125)
    bits: int = Field(2000, ge=1, le=2000)


class Stored(BaseModel):
    units: dict[str, Entry] = Field(default={}, max_length=MOST_UNITS)


def recall(folder: Path | None, job: Job) -> None:
    """Give units that know nothing yet what an earlier process learned of them, less than a day ago."""
    fresh = [reader.unit for reader in job.readers if not reader.unit.memory.version]
    known = _load(folder).units if folder and fresh else {}
    for unit in fresh:
        entry = known.get(_key(job, unit.number))
        if entry:
            memory = unit.memory
            memory.holes |= {Hole(*hole) for hole in entry.holes}
            memory.most_registers, memory.most_bits = entry.registers, entry.bits
            memory.version += 1


def keep(folder: Path | None, job: Job) -> None:
    """Store what is known of a job's units. A disk that does not take it costs nothing but the memory."""
    if folder is None:
        return
    units = _load(folder).units
    for reader in job.readers:
        key = _key(job, reader.unit.number)
        units.pop(key, None)
        units[key] = _entry(reader.unit.memory)
    stored = Stored.model_construct(units=dict(list(units.items())[-MOST_UNITS:]))
    path = folder / FILE
    fresh = path.with_suffix(".new")
    try:
        fresh.touch(mode=0o600)
        fresh.write_text(stored.model_dump_json())
        fresh.replace(path)
    except OSError as error:
        _log.warning("what was learned of Modbus units cannot be stored: %s", error)


def _entry(memory: Memory) -> Entry:
    holes = [(hole.table, hole.start, hole.stop) for hole in memory.holes]
    return Entry(
        at=time.time(), holes=holes, registers=memory.most_registers, bits=memory.most_bits
    )


def _key(job: Job, unit: int) -> str:
    """Another map is another device, as far as anybody knows."""
    places = [(f.table.name, f.start, f.stop) for f in job.fields]
    digest = hashlib.sha256(repr(places).encode()).hexdigest()[:16]
    return " ".join((*job.way.line.key, str(unit), digest))


def _load(folder: Path) -> Stored:
    path = folder / FILE
    try:
        if path.stat().st_size > LARGEST:
            return Stored()
        stored = Stored.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return Stored()
    since = time.time() - DAY
    stored.units = {key: one for key, one in stored.units.items() if one.at > since}
    return stored
