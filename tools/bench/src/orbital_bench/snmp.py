"""SNMP: engines alone, and whole agents beside their peers."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from orbital_bench import snmp_agents, snmp_engines
from orbital_bench.network import interfaces
from orbital_testbench.snmpd import Snmpd

ROWS = 24


def run() -> None:
    """Print both, measured on one snmpd with an interface table of 24 rows."""
    rows = interfaces(ROWS)
    with TemporaryDirectory() as name, Snmpd(Path(name) / "snmpd", everywhere=True) as server:
        snmp_engines.run(server, rows)
        snmp_agents.run(server, rows)
