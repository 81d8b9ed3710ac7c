"""The peers of the SNMP benchmark, and the 241 values that all of them read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

import yaml

from orbital_testbench.server import Server

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SYS_UP_TIME: Final = "1.3.6.1.2.1.1.3"
IF_DESCR: Final = "1.3.6.1.2.1.2.2.1.2"
COLUMNS: Final[Mapping[str, tuple[str, str]]] = {
    "ifOperStatus": ("1.3.6.1.2.1.2.2.1.8", "gauge"),
    "ifInDiscards": ("1.3.6.1.2.1.2.2.1.13", "counter"),
    "ifInErrors": ("1.3.6.1.2.1.2.2.1.14", "counter"),
    "ifOutDiscards": ("1.3.6.1.2.1.2.2.1.19", "counter"),
    "ifOutErrors": ("1.3.6.1.2.1.2.2.1.20", "counter"),
    "ifHCInOctets": ("1.3.6.1.2.1.31.1.1.1.6", "counter"),
    "ifHCInUcastPkts": ("1.3.6.1.2.1.31.1.1.1.7", "counter"),
    "ifHCOutOctets": ("1.3.6.1.2.1.31.1.1.1.10", "counter"),
    "ifHCOutUcastPkts": ("1.3.6.1.2.1.31.1.1.1.11", "counter"),
    "ifHighSpeed": ("1.3.6.1.2.1.31.1.1.1.15", "gauge"),
}


def profile() -> dict[str, Any]:
    """For our plugin."""
    table = {
        "name": "interfaces",
        "index": [{"label": "ifIndex"}],
        "labels": [{"label": "ifDescr", "oid": IF_DESCR}],
        "metrics": [{"name": n, "oid": o, "type": t} for n, (o, t) in COLUMNS.items()],
    }
    scalars = [{"name": "sysUpTime", "oid": SYS_UP_TIME}]
    return {"name": "bench", "scalars": scalars, "tables": [table]}


def exporter_config() -> str:
    """The same for snmp_exporter, as its generator would write it."""
    lookup = {
        "labels": ["ifIndex"],
        "labelname": "ifDescr",
        "oid": IF_DESCR,
        "type": "DisplayString",
    }
    columns = [
        {
            "name": name, "oid": oid, "type": kind, "help": name,
            "indexes": [{"labelname": "ifIndex", "type": "gauge"}], "lookups": [lookup],
        }
        for name, (oid, kind) in COLUMNS.items()
    ]  # fmt: skip
    uptime = {"name": "sysUpTime", "oid": SYS_UP_TIME, "type": "gauge", "help": "sysUpTime"}
    module = {
        "get": [f"{SYS_UP_TIME}.0"],
        "walk": [IF_DESCR, *(oid for oid, _ in COLUMNS.values())],
        "metrics": [uptime, *columns],
    }
    return yaml.safe_dump(
        {"auths": {"public": {"community": "public", "version": 2}}, "modules": {"bench": module}}
    )


def exporter_scrape(exporter: str, targets: Sequence[str], interval: str) -> str:
    """What vmagent has to ask snmp_exporter (host:port), as their documents show it."""
    job = {
        "job_name": "exporter",
        "scrape_interval": interval,
        "scrape_timeout": interval,
        "metrics_path": "/snmp",
        "params": {"module": ["bench"], "auth": ["public"]},
        "static_configs": [{"targets": list(targets)}],
        "relabel_configs": [
            {"source_labels": ["__address__"], "target_label": "__param_target"},
            {"source_labels": ["__param_target"], "target_label": "instance"},
            {"target_label": "__address__", "replacement": exporter},
        ],
    }
    return yaml.safe_dump({"scrape_configs": [job]})


class Collectd(Server):
    """collectd's snmp plugin, writing to a Graphite port.

    Args:
        folder: For its configuration and log.
        targets: Devices, host:port each.
        graphite: Port to write to.
        interval: Seconds.
    """

    program: ClassVar[str] = "collectd"
    package: ClassVar[str] = "collectd-core"

    def __init__(self, folder: Path, targets: Sequence[str], graphite: int, interval: int) -> None:
        super().__init__(folder)
        self.targets = targets
        self.graphite = graphite
        self.interval = interval

    def prepare(self) -> None:
        (self.folder / "collectd.conf").write_text("\n".join(self._lines()) + "\n")

    def arguments(self) -> list[str]:
        return ["-f", "-C", str(self.folder / "collectd.conf"), "-P", str(self.folder / "pid")]

    def healthy(self) -> bool:
        """It runs: there is nothing to ask it."""
        return True

    def _lines(self) -> list[str]:
        names = " ".join(f'"{name}"' for name in ("sysUpTime", *COLUMNS))
        lines = [
            f'BaseDir "{self.folder}"', 'TypesDB "/usr/share/collectd/types.db"', 'Hostname "bench"',
            "FQDNLookup false", f"Interval {self.interval}",
            "LoadPlugin snmp", "LoadPlugin write_graphite", "<Plugin write_graphite>",
            f'<Node "vm">\nHost "127.0.0.1"\nPort "{self.graphite}"\nProtocol "tcp"\n</Node>',
            "</Plugin>", "<Plugin snmp>",
            '<Data "sysUpTime">\nType "gauge"\nTypeInstance "sysUpTime"\nTable false',
            f'Values "{SYS_UP_TIME}.0"\n</Data>',
        ]  # fmt: skip
        for name, (oid, kind) in COLUMNS.items():
            stored = "derive" if kind == "counter" else "gauge"
            lines.append(
                f'<Data "{name}">\nType "{stored}"\nTable true\nTypeInstanceOID "{IF_DESCR}"\n'
                f'TypeInstancePrefix "{name}-"\nValues "{oid}"\n</Data>'
            )
        for number, target in enumerate(self.targets):
            host, _, port = target.rpartition(":")
            lines.append(
                f'<Host "device{number}">\nAddress "{host}:{port}"\nVersion 2\nCommunity "public"\n'
                f"Collect {names}\nInterval {self.interval}\nBulkSize 25\n</Host>"
            )
        return [*lines, "</Plugin>"]
