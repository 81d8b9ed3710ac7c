"""What a device has to tell, and what it costs to ask: for whoever writes a task for it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.lldp.neighbours import COLUMNS
from orbital_plugin_snmp.polling.task import PollTask
from orbital_plugin_snmp.profiles.choosing import choose
from orbital_plugin_snmp.profiles.loading import resolve, shipped
from orbital_plugin_snmp.tables.families import Families
from orbital_plugin_snmp.tables.plan import compile_profiles, instance
from orbital_plugin_snmp.tables.texts import clean, display, text_of
from orbital_plugin_snmp.wire.smi import EXCEPTIONS, OBJECT_IDENTIFIER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orbital_plugin_snmp.engines.cost import Cost
    from orbital_plugin_snmp.profiles.models import Profile
    from orbital_plugin_snmp.session.reader import Reader
    from orbital_plugin_snmp.tables.plan import ReadPlan
    from orbital_plugin_snmp.wire.smi import VarBind

GENERAL: Final = ("hrsystem", "ucd", "entity_sensor", "ups", "printer", "bgp4", "lldp")
"""Profiles for devices of any make, where these have what they read."""
SYS_OBJECT_ID: Final = oids.encode("1.3.6.1.2.1.1.2.0")
SYS_NAME: Final = oids.encode("1.3.6.1.2.1.1.5.0")


@dataclass(frozen=True, slots=True)
class Learnt:
    """A device, and one poll of it."""

    name: str
    """sysName."""
    sysobjectid: str
    profiles: tuple[str, ...]
    """Those made for it, and the general ones that it has something for."""
    samples: int
    seconds: float
    cost: Cost
    """Of a poll when the device is known: labels are looked up already."""
    cpu: float
    """Seconds of a processor that this process needed for it."""
    tables: dict[str, int]
    """Rows of each table that has some."""
    problems: tuple[str, ...]
    """Tables that could not be read, and values that make no sense."""


async def learn(reader: Reader) -> Learnt:
    """Look at a device.

    Raises:
        DeviceUnreachable, AuthenticationFailed, UnexpectedReply: As in a poll.
    """
    name, sysobjectid = await who(reader)
    chosen = choose(sysobjectid, shipped())
    brought = {profile.name for profile in resolve(chosen, shipped())}
    more = [one for one in GENERAL if one not in brought and await _has(reader, shipped()[one])]
    names = (*chosen, *more)
    plan = compile_profiles(resolve(names, shipped()), Families())
    task = PollTask(plan, refresh=float("inf"), wrap=True)
    await task.poll(reader)
    before, began, worked = reader.cost.copy(), time.monotonic(), time.process_time()
    polled = await task.poll(reader)
    worked = time.process_time() - worked
    failures = [f"{table}: {why}" for table, why in polled.gathering.failures.items()]
    return Learnt(
        name=name,
        sysobjectid=sysobjectid,
        profiles=names,
        samples=len(polled.output.series),
        seconds=time.monotonic() - began,
        cost=reader.cost - before,
        cpu=worked,
        tables=_rows(plan, polled.gathering.columns),
        problems=(*failures, *polled.output.problems),
    )


def _rows(plan: ReadPlan, read: Mapping[bytes, Sequence[VarBind]]) -> dict[str, int]:
    counted = {
        table.name: max((len(read.get(column.oid, ())) for column in table.columns), default=0)
        for table in plan.tables
    }
    return {name: rows for name, rows in counted.items() if rows}


async def who(reader: Reader) -> tuple[str, str]:
    """Its sysName and sysObjectID; empty where the device does not say.

    Raises:
        DeviceUnreachable, AuthenticationFailed, UnexpectedReply: As in a poll.
    """
    (_, _, name), (_, tag, value) = await reader.get((SYS_NAME, SYS_OBJECT_ID))
    called = clean(display(name)) if isinstance(name, bytes) else ""
    return called, text_of(value, tag, "ObjectIdentifier") if tag == OBJECT_IDENTIFIER else ""


async def _has(reader: Reader, profile: Profile) -> bool:
    """Whether the device has the first column of a table, or the first scalar, of a profile."""
    if profile.neighbors:
        first = COLUMNS[1]
    elif profile.tables:
        first = oids.encode(profile.tables[0].metrics[0].oid)
    else:
        ((_, tag, _),) = await reader.get((instance(profile.scalars[0].oid),))
        return tag not in EXCEPTIONS
    return bool((await reader.walk([first], table=profile.name)).columns[first])
