"""The plugin: what the agent calls, and what it is told."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.config import SessionConfig
from orbital_plugin_snmp.device import SnmpDevice
from orbital_plugin_snmp.engines.port import EXCEPTIONS
from orbital_plugin_snmp.metrics import ScrapeMetrics
from orbital_plugin_snmp.polling.catalogue import Catalogue
from orbital_plugin_snmp.polling.task import PollTask
from orbital_plugin_snmp.profiles.settings import ProfileSettings
from orbital_plugin_snmp.session.sharing import PoolLease
from orbital_plugin_snmp.tables.scalars import SYS_UP_TIME
from orbital_plugin_snmp.tables.texts import clean, display, text_of
from orbital_sdk import Columns, Metric, PartialCollect, Plugin, Sample
from orbital_sdk.units import format_duration

if TYPE_CHECKING:
    from orbital_plugin_snmp.polling.task import Polled
    from orbital_plugin_snmp.session.pool import Pool
    from orbital_plugin_snmp.session.reader import Reader
    from orbital_sdk import Context

MARGIN: Final = 0.1
"""Share of a run that is kept for telling what was read, should the device be slow; at most half a second."""
SYS_DESCR: Final = oids.encode("1.3.6.1.2.1.1.1.0")
SYS_OBJECT_ID: Final = oids.encode("1.3.6.1.2.1.1.2.0")
SYS_NAME: Final = oids.encode("1.3.6.1.2.1.1.5.0")


class SnmpConfig(SessionConfig, ProfileSettings):
    """How the plugin asks, and what for."""


@dataclass(slots=True)
class Known:
    """What a task remembers between its runs."""

    device: SnmpDevice
    plugin: Snmp
    module: str
    task: PollTask
    refused: set[str] = field(default_factory=set[str])
    """What was said about values that make no sense: once each."""


class Snmp(Plugin[SnmpDevice, SnmpConfig], ScrapeMetrics):
    """Reads devices that speak SNMP."""

    name = "snmp"
    summary = "SNMP v1, v2c and v3: profiles, whole tables, LLDP neighbours"
    author = "Orbital"
    device_types = ("switch", "router", "firewall", "server", "ups", "printer", "storage")

    def __init__(self, config: SnmpConfig) -> None:
        super().__init__(config)
        self._settings = config
        self._catalogue = Catalogue(config)
        self._lease: PoolLease | None = None

    async def start(self) -> None:
        self._catalogue.load()
        self._lease = PoolLease(self._settings, self.folder)

    async def stop(self) -> None:
        lease, self._lease = self._lease, None
        if lease is not None:
            await lease.end()

    def validate_device(self, device: SnmpDevice) -> None:
        self._settings.check(device)
        if self._settings.profile_folder:  # of the others, the model knows the names
            self._catalogue.check()

    async def collect(self, device: SnmpDevice, ctx: Context) -> Columns:
        places = self._pool.places
        place = await places.take()
        try:
            return await self._collect(device, ctx)
        finally:
            places.give(place)

    async def _collect(self, device: SnmpDevice, ctx: Context) -> Columns:
        began = time.monotonic()
        reader = self._reader(device, ctx)
        known = await self._known(device, ctx, reader)
        polled = await known.task.poll(reader)
        if known.task.restarted and self._catalogue.is_automatic:
            del ctx.memory["snmp"]  # it may be another device by now
        self._tell(known, polled, reader, ctx)
        columns = self._columns(known, polled, began)
        failures = polled.gathering.failures
        if not failures:
            return columns
        raise PartialCollect(
            f"{self.target(device)}: {_said(failures)}",
            failed=len(failures),
            samples=[Sample(s, v) for s, v in zip(columns.series, columns.values, strict=True)],
        )

    async def test_connection(self, device: SnmpDevice, ctx: Context) -> str:
        found = await self._reader(device, ctx).get((SYS_NAME, SYS_DESCR, SYS_UP_TIME))
        name, descr, uptime = (None if tag in EXCEPTIONS else value for _, tag, value in found)
        said = " ".join(clean(display(descr)).split())[:120] if isinstance(descr, bytes) else ""
        called = (
            clean(display(name)) if isinstance(name, bytes) and name else "a device without a name"
        )
        since = f", up {format_duration(uptime // 100)}" if isinstance(uptime, int) else ""
        return f"{called} answers by SNMP v{device.version}{since}: {said or 'no description'}"

    def metrics(self) -> tuple[Metric, ...]:
        return (*self.poll_metrics(), *self._catalogue.metrics())

    @classmethod
    def declared_metrics(cls) -> tuple[Metric, ...]:
        """Its own, and those of the default profile."""
        return (*cls.poll_metrics(), *Catalogue(SnmpConfig()).metrics())

    @classmethod
    def poll_metrics(cls) -> tuple[Metric, ...]:
        """About the poll itself, whatever is read."""
        return super().declared_metrics()

    def _reader(self, device: SnmpDevice, ctx: Context) -> Reader:
        return self._pool.reader(device, ctx.deadline - min(0.5, MARGIN * ctx.timeout))

    @property
    def _pool(self) -> Pool:
        if self._lease is None:
            raise RuntimeError("collect() without start()")
        return self._lease.pool

    async def _known(self, device: SnmpDevice, ctx: Context, reader: Reader) -> Known:
        known: Known | None = ctx.memory.get("snmp")
        if known is None or known.device is not device or known.plugin is not self:
            sysobjectid = ""
            if self._catalogue.is_automatic:
                ((_, tag, value),) = await reader.get((SYS_OBJECT_ID,))
                sysobjectid = "" if tag in EXCEPTIONS else text_of(value, tag, "ObjectIdentifier")
            module, plan = self._catalogue.plan_for(sysobjectid)
            settings = self._settings
            refresh, wrap = settings.label_refresh, settings.wrap_large_counters
            task = PollTask(plan, refresh=refresh, wrap=wrap)
            known = ctx.memory["snmp"] = Known(device, self, module, task)
        return known

    def _tell(self, known: Known, polled: Polled, reader: Reader, ctx: Context) -> None:
        """Add what is told about the poll itself, and log what is new about its values."""
        out, cost = polled.output, reader.cost
        module = known.module
        out.tell([(self.table_up.series(table), float(up)) for table, up in polled.tables.items()])
        out.tell([(self.refused.series(why), float(n)) for why, n in out.problems.items()])
        out.tell([
            (self.walk_duration.series(module), polled.walked),
            (self.packets_sent.series(module), float(cost.packets)),
            (self.packets_retried.series(module), float(cost.retries)),
            (self.pdus_returned.series(module), float(cost.values)),
        ])  # fmt: skip
        for reason in out.problems.keys() - known.refused:
            known.refused.add(reason)
            ctx.log.warning("%s: %s; such values are left out", self.target(known.device), reason)

    def _columns(self, known: Known, polled: Polled, began: float) -> Columns:
        out = polled.output
        out.tell([(self.duration.series(known.module), time.monotonic() - began)])
        return Columns(tuple(out.series), out.values)


def _said(failures: dict[str, str]) -> str:
    """What is missing, a few tables by name."""
    named = [f"{table}: {why}" for table, why in list(failures.items())[:3]]
    more = len(failures) - len(named)
    return "; ".join(named) + (f"; and {more} more" if more else "")
