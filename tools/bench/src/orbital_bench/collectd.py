"""collectd with its modbus plugin: one request a register, as it always asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_testbench import Server

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DATA = """\
<Data "register-{n}">
  RegisterBase {n}
  RegisterType uint16
  RegisterCmd ReadHolding
  Type gauge
  Instance "r{n}"
</Data>
"""
HOST = """\
<Host "{name}">
  Address "{address}"
  Port "{port}"
  Interval 1
  <Slave 1>
    Instance "one"
{collects}
  </Slave>
</Host>
"""
CONFIG = """\
Hostname "bench"
BaseDir "{folder}"
PIDFile "{folder}/pid"
Interval 1
ReadThreads 10
WriteThreads 2
LoadPlugin modbus
LoadPlugin write_graphite
<Plugin write_graphite>
  <Node "sink">
    Host "127.0.0.1"
    Port "{graphite}"
    Protocol "tcp"
  </Node>
</Plugin>
<Plugin modbus>
{data}
{hosts}
</Plugin>
"""


class Collectd(Server):
    """Reads holding registers of Modbus devices each second, and writes them in Graphite's format.

    Args:
        folder: For its files.
        targets: Addresses of the devices.
        target_port: Their port.
        registers: How many of each.
        graphite: Port to write to.
    """

    program = "collectd"
    package = "collectd-core libmodbus5"

    def __init__(
        self,
        folder: Path,
        targets: Sequence[str],
        target_port: int,
        *,
        registers: int,
        graphite: int,
    ) -> None:
        super().__init__(folder)
        self._targets, self._target_port = targets, target_port
        self._registers, self._graphite = registers, graphite

    def arguments(self) -> list[str]:
        return ["-f", "-C", str(self.folder / "collectd.conf")]

    def prepare(self) -> None:
        collects = "\n".join(f'    Collect "register-{n}"' for n in range(self._registers))
        hosts = [
            HOST.format(name=f"d{n}", address=address, port=self._target_port, collects=collects)
            for n, address in enumerate(self._targets)
        ]
        data = "".join(DATA.format(n=n) for n in range(self._registers))
        text = CONFIG.format(
            folder=self.folder, data=data, hosts="".join(hosts), graphite=self._graphite
        )
        (self.folder / "collectd.conf").write_text(text)

    def healthy(self) -> bool:
        return True  # it has no page; whoever receives its samples sees that it works
