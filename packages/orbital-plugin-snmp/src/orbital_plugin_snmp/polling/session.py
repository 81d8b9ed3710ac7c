"""One device: what kind it is, what was learned of its tables, and its polls."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.metrics import ScrapeMetrics as M
from orbital_plugin_snmp.polling.task import PollTask
from orbital_plugin_snmp.tables.scalars import SYS_UP_TIME
from orbital_plugin_snmp.tables.texts import clean, display, text_of
from orbital_plugin_snmp.wire.smi import EXCEPTIONS
from orbital_sdk import Columns, PartialCollect, Sample, Session
from orbital_sdk.units import format_duration

if TYPE_CHECKING:
    from orbital_plugin_snmp.device import SnmpDevice
    from orbital_plugin_snmp.polling.catalogue import Catalogue
    from orbital_plugin_snmp.polling.task import Polled
    from orbital_plugin_snmp.profiles.settings import ProfileSettings
    from orbital_plugin_snmp.session.pool import Pool
    from orbital_plugin_snmp.session.reader import Reader
    from orbital_sdk import Context

MARGIN: Final = 0.1
"""Share of a run that is kept for telling what was read, should the device be slow; at most half a second."""
SYS_DESCR: Final = oids.encode("1.3.6.1.2.1.1.1.0")
SYS_OBJECT_ID: Final = oids.encode("1.3.6.1.2.1.1.2.0")
SYS_NAME: Final = oids.encode("1.3.6.1.2.1.1.5.0")


class PollSession(Session):
    """Polls one device. Sockets and SNMP's own sessions are the pool's, so there is nothing to close.

    Args:
        device: Its fields.
        settings: Of the plugin.
        catalogue: Knows what to read.
        pool: Asks.
        name: What people call the device.
    """

    def __init__(
        self,
        device: SnmpDevice,
        settings: ProfileSettings,
        catalogue: Catalogue,
        pool: Pool,
        name: str,
    ) -> None:
        self._device, self._name = device, name
        self._settings, self._catalogue, self._pool = settings, catalogue, pool
        self._task: PollTask | None = None
        """None until it is known what device this is, and again after a restart of it."""
        self._module = ""
        self._refused = set[str]()
        """What was said about values that make no sense: once each."""

    async def collect(self, ctx: Context) -> Columns:
        slots = self._pool.slots
        slot = await slots.take()
        try:
            return await self._collect(ctx)
        finally:
            slots.give(slot)

    async def test(self, ctx: Context) -> str:
        found = await self._reader(ctx).get((SYS_NAME, SYS_DESCR, SYS_UP_TIME))
        name, descr, uptime = (None if tag in EXCEPTIONS else value for _, tag, value in found)
        said = " ".join(clean(display(descr)).split())[:120] if isinstance(descr, bytes) else ""
        called = (
            clean(display(name)) if isinstance(name, bytes) and name else "a device without a name"
        )
        since = f", up {format_duration(uptime // 100)}" if isinstance(uptime, int) else ""
        version = self._device.version
        return f"{called} answers by SNMP v{version}{since}: {said or 'no description'}"

    async def _collect(self, ctx: Context) -> Columns:
        began = time.monotonic()
        reader = self._reader(ctx)
        task = self._task or await self._identify(reader)
        try:
            polled = await task.poll(reader)
        finally:
            _measure(reader, ctx)
        if task.restarted and self._catalogue.is_automatic:
            self._task = None  # it may be another device by now
        self._add_own(polled, reader, ctx)
        polled.output.extend([(M.duration.series(self._module), time.monotonic() - began)])
        columns = Columns(tuple(polled.output.series), polled.output.values)
        failures = polled.gathering.failures
        if not failures:
            return columns
        raise PartialCollect(
            f"{self._name}: {_summary(failures)}",
            failed=len(failures),
            samples=[Sample(s, v) for s, v in zip(columns.series, columns.values, strict=True)],
        )

    async def _identify(self, reader: Reader) -> PollTask:
        sysobjectid = ""
        if self._catalogue.is_automatic:
            ((_, tag, value),) = await reader.get((SYS_OBJECT_ID,))
            sysobjectid = "" if tag in EXCEPTIONS else text_of(value, tag, "ObjectIdentifier")
        self._module, plan = self._catalogue.plan_for(sysobjectid)
        refresh, wrap = self._settings.label_refresh, self._settings.wrap_large_counters
        self._task = PollTask(plan, refresh=refresh, wrap=wrap)
        self._refused.clear()
        return self._task

    def _reader(self, ctx: Context) -> Reader:
        return self._pool.reader(self._device, ctx.deadline - min(0.5, MARGIN * ctx.timeout))

    def _add_own(self, polled: Polled, reader: Reader, ctx: Context) -> None:
        """Add what is told about the poll itself, and log what is new about its values."""
        out, cost, module = polled.output, reader.cost, self._module
        out.extend([(M.table_up.series(table), float(up)) for table, up in polled.tables.items()])
        out.extend([(M.refused.series(why), float(n)) for why, n in out.problems.items()])
        out.extend([
            (M.walk_duration.series(module), polled.walked),
            (M.packets_sent.series(module), float(cost.packets)),
            (M.packets_retried.series(module), float(cost.retries)),
            (M.pdus_returned.series(module), float(cost.values)),
        ])  # fmt: skip
        for reason in out.problems.keys() - self._refused:
            self._refused.add(reason)
            ctx.log.warning("%s: %s; such values are left out", self._name, reason)


def _measure(reader: Reader, ctx: Context) -> None:
    cost = reader.cost
    ctx.measured.update(requests=cost.packets, retries=cost.retries, values=cost.values)


def _summary(failures: dict[str, str]) -> str:
    """What is missing, a few tables by name."""
    named = [f"{table}: {why}" for table, why in list(failures.items())[:3]]
    more = len(failures) - len(named)
    return "; ".join(named) + (f"; and {more} more" if more else "")
