"""What one turn of one unit does, worked out ahead. Good until something is learned."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from orbital_plugin_modbus.decoder import ReadDecoder
from orbital_plugin_modbus.emitter import Emitter
from orbital_plugin_modbus.planner import Hole, plan, read_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_plugin_modbus.field import MapField
    from orbital_plugin_modbus.planner import ReadLimits
    from orbital_plugin_modbus.quirks import Quirks
    from orbital_plugin_modbus.register_map import RegisterMap
    from orbital_plugin_modbus.tables import Read
    from orbital_sdk import Series


class Step(NamedTuple):
    """One read."""

    read: Read
    fields: Sequence[MapField]
    """What it brings, in order of address."""
    decoder: ReadDecoder
    again: bool
    """Whether it tries again what the device refused before."""


class Program(NamedTuple):
    """All reads of a turn."""

    steps: Sequence[Step]
    emitter: Emitter
    left_out: Sequence[MapField]
    """Fields that the device refused, not due to be tried again."""
    version: int
    """Of the quirks that it was made from."""
    until: float
    """Loop time at which a refused field is due."""


def make_program(
    register_map: RegisterMap,
    quirks: Quirks,
    limits: ReadLimits,
    tail: Sequence[Series],
    *,
    unit: int,
    now: float,
) -> Program:
    """The program of a unit, by what is known about it now."""
    known = [field for field in register_map.fields if not quirks.is_refused(field)]
    refused = [field for field in register_map.fields if quirks.is_refused(field)]
    waits = {id(field): quirks.wait(field, now) for field in refused}
    due = [field for field in refused if not waits[id(field)]]
    left_out = [field for field in refused if waits[id(field)]]
    holes = quirks.holes | {Hole(f.table.name, f.start, f.stop) for f in refused}
    groups = plan(known, quirks.limits(limits), holes)
    steps = [_step(group) for group in groups] + [_step([field], again=True) for field in due]
    fields = [field for step in steps for field in step.decoder.fields]
    until = now + min((waits[id(field)] for field in left_out), default=math.inf)
    emitter = Emitter(fields, register_map.metrics, str(unit), tail)
    return Program(steps, emitter, left_out, quirks.version, until)


def _step(group: list[MapField], *, again: bool = False) -> Step:
    read = read_of(group)
    return Step(read, group, ReadDecoder(group, read.start), again)
