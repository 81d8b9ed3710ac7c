"""The plugin `snmp_trap`: a receiver of notifications, which tells what has arrived, when it arrives."""

from __future__ import annotations

import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from orbital_plugin_snmp.engines.address import find
from orbital_plugin_snmp.traps.listener import plain
from orbital_plugin_snmp.traps.messages import Reader
from orbital_plugin_snmp.traps.metrics import REASONS, TrapMetrics
from orbital_plugin_snmp.traps.notification import SenderError
from orbital_plugin_snmp.traps.outbox import Outbox, Received, after, nothing
from orbital_plugin_snmp.traps.own_engine import lasting
from orbital_plugin_snmp.traps.ports import Ports
from orbital_plugin_snmp.traps.settings import TrapConfig, TrapDevice
from orbital_plugin_snmp.traps.tally import Tally, compile_rules
from orbital_plugin_snmp.traps.times import Times
from orbital_sdk import Columns, Metric, Plugin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orbital_plugin_snmp.traps.listener import Reply
    from orbital_plugin_snmp.traps.notification import Notification
    from orbital_sdk import Context, Emit, PluginHost

FIND: Final = 5.0
"""Seconds to wait for the name server before listening."""


class SnmpTrap(Plugin[TrapDevice, TrapConfig], TrapMetrics):
    """Counts the notifications of devices, and makes metrics of what they say."""

    name = "snmp_trap"
    summary = "SNMP traps and informs, turned into counters and gauges by rules"
    metadata: ClassVar[Mapping[str, Any]] = {
        "author": "Orbital",
        "device_types": ["switch", "router", "firewall", "server", "ups", "printer", "storage"],
    }

    ports: ClassVar[Ports] = Ports()
    """Shared by all instances: those of other settings may listen at the same port."""

    def __init__(self, config: TrapConfig) -> None:
        super().__init__(config)
        self.rate = config.rate
        self._rules = compile_rules(config.rules)
        self._drops: Counter[str] = Counter()
        self._tally = Tally(self._rules, config.max_series, self.drop)
        communities = [one.get_secret_value().encode() for one in config.communities]
        self._messages = Reader(communities, [user.user() for user in config.users])
        self._times = Times()
        self._boxes: set[Outbox] = set()
        self._addresses: dict[str | None, str] = {}
        """Of the hosts that tasks name, as they were found last."""

    async def start(self, host: PluginHost) -> None:
        self._times = Times(host.clock.utc_ms)
        engine = lasting(host.folder, bytes.fromhex(self.config.engine_id))
        self._messages.be(engine)
        if self.config.users:
            host.log.info("%s: we are SNMP engine %s", self._place(), engine.id.hex())

    async def serve(self, device: TrapDevice, emit: Emit) -> None:
        await self._find(device, time.monotonic() + FIND)
        box = Outbox(device.host, self._times, self.drop)
        with self.ports.listening(self.config.listen, self.config.port, self):
            self._boxes.add(box)
            try:
                await box.forward(emit)
            finally:
                self._boxes.discard(box)
                await box.flush(emit)

    async def collect(self, device: TrapDevice, ctx: Context) -> Columns:
        """All that is known, once more: a series that has no sample for minutes would be taken for ended."""
        source = await self._find(device, ctx.deadline)
        found = list(self._tally.samples(source))
        found += [(self.dropped.series(why), float(self._drops[why])) for why in REASONS]
        now = self._times.now()
        self._times.used(now)
        series, values = zip(*found, strict=True)
        return Columns(series, values, [now] * len(found))

    async def test_connection(self, device: TrapDevice, ctx: Context) -> str:
        await self._find(device, ctx.deadline)
        with self.ports.listening(self.config.listen, self.config.port, self):
            return (
                f"can listen for notifications of {device.host or 'all devices'} at {self._place()}"
            )

    def target(self, device: TrapDevice) -> str:
        return device.host or self._place()

    def metrics(self) -> tuple[Metric, ...]:
        made = {rule.metric.name: rule.metric for rule in self._rules}
        return (*self.declared_metrics(), *made.values())

    def take(self, data: bytes, source: str, reply: Reply) -> None:
        """As `listener.Subscriber.take`. An inform is answered when the buffer has it."""
        try:
            notification, answer = self._messages.read(data)
        except SenderError as error:
            self.drop(error.reason)
            if error.answer:
                reply(error.answer)
        except ValueError:  # no message, or an OID in it that ends in the middle of a number
            self.drop("malformed")
        else:
            if notification is None:
                reply(answer)
            else:
                self._enter(notification.origin or source, notification, partial(reply, answer))

    def _enter(self, source: str, notification: Notification, answer: Callable[[], None]) -> None:
        boxes = [box for box in self._boxes if self._wants(box, source)]
        if any(box.is_full for box in boxes):
            self.drop("queue")
            return
        changes = self._tally.add(source, notification)
        stored = after(len(boxes), answer if notification.wants_answer else nothing)
        ts = self._times.now()
        for box in boxes:
            box.put(Received(ts, changes, stored))

    async def _find(self, device: TrapDevice, deadline: float) -> str | None:
        """The address of the task's device; None for all devices."""
        if device.host is None:
            return None
        address = await find(device.host, self.config.port, 0, deadline)
        source = self._addresses[device.host] = plain(address.sockaddr[0])
        return source

    def _wants(self, box: Outbox, source: str) -> bool:
        return box.host is None or self._addresses.get(box.host) == source

    def drop(self, reason: str) -> None:
        """As `listener.Subscriber.drop`."""
        self._drops[reason] += 1

    def _place(self) -> str:
        where = self.config.listen or "*"
        return f"[{where}]:{self.config.port}" if ":" in where else f"{where}:{self.config.port}"
