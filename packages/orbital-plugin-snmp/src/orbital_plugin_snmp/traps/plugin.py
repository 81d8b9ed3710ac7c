"""The plugin `snmp_trap`: listens, and tells what has arrived."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from orbital_plugin_snmp.engines.address import find
from orbital_plugin_snmp.traps.listener import ListenerLease, plain
from orbital_plugin_snmp.traps.messages import Reader
from orbital_plugin_snmp.traps.metrics import REASONS, TrapMetrics
from orbital_plugin_snmp.traps.notification import SenderError
from orbital_plugin_snmp.traps.own_engine import lasting
from orbital_plugin_snmp.traps.settings import TrapConfig, TrapDevice
from orbital_plugin_snmp.traps.tally import Tally, compile_rules
from orbital_sdk import Columns, Metric, Plugin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_plugin_snmp.traps.own_engine import OwnEngine
    from orbital_sdk import Context, PluginHost

_log = logging.getLogger("orbital.plugin.snmp_trap")


class SnmpTrap(Plugin[TrapDevice, TrapConfig], TrapMetrics):
    """Counts the notifications of devices, and makes metrics of what they say."""

    name = "snmp_trap"
    summary = "SNMP traps and informs, turned into counters and gauges by rules"
    metadata: ClassVar[Mapping[str, Any]] = {
        "author": "Orbital",
        "device_types": ["switch", "router", "firewall", "server", "ups", "printer", "storage"],
    }

    def __init__(self, config: TrapConfig) -> None:
        super().__init__(config)
        self.rate = config.rate
        self._rules = compile_rules(config.rules)
        self._drops: Counter[str] = Counter()
        self._tally = Tally(self._rules, config.max_series, self.drop)
        self._engine: OwnEngine | None = None
        communities = [one.get_secret_value().encode() for one in config.communities]
        self._messages = Reader(communities, [user.user() for user in config.users])
        self._lease: ListenerLease | None = None

    async def start(self, host: PluginHost) -> None:
        self._engine = lasting(host.folder, bytes.fromhex(self.config.engine_id))
        self._messages.be(self._engine)
        self._lease = ListenerLease(self.config.listen, self.config.port, self)
        if self.config.users:
            _log.info("%s: we are SNMP engine %s", self._place(), self._engine.id.hex())

    async def stop(self) -> None:
        lease, self._lease = self._lease, None
        if lease is not None:
            lease.end()

    async def collect(self, device: TrapDevice, ctx: Context) -> Columns:
        source = None
        if device.host is not None:
            address = await find(device.host, self.config.port, 0, ctx.deadline)
            source = plain(address.sockaddr[0])
        found = list(self._tally.samples(source))
        found += [(self.dropped.series(why), float(self._drops[why])) for why in REASONS]
        return Columns(tuple(series for series, _ in found), [value for _, value in found])

    async def test_connection(self, device: TrapDevice, ctx: Context) -> str:
        del ctx
        whom = device.host or "all devices"
        place = f"listens for notifications of {whom} at {self._place()}"
        return f"{place}, as engine {self._engine.id.hex()}" if self._engine else place

    def target(self, device: TrapDevice) -> str:
        return device.host or self._place()

    def metrics(self) -> tuple[Metric, ...]:
        made = {rule.metric.name: rule.metric for rule in self._rules}
        return (*self.declared_metrics(), *made.values())

    def take(self, data: bytes, source: str) -> bytes:
        """As `listener.Subscriber.take`."""
        try:
            notification, answer = self._messages.read(data)
            if notification is not None:
                self._tally.add(notification.origin or source, notification)
        except SenderError as error:
            self.drop(error.reason)
            return error.answer
        except ValueError:  # no message, or an OID in it that ends in the middle of a number
            self.drop("malformed")
        else:
            return answer
        return b""

    def drop(self, reason: str) -> None:
        """As `listener.Subscriber.drop`."""
        self._drops[reason] += 1

    def _place(self) -> str:
        where = self.config.listen or "*"
        return f"[{where}]:{self.config.port}" if ":" in where else f"{where}:{self.config.port}"
