"""Traps: from the datagram to the destination's door, at 1,000 traps a second."""

from __future__ import annotations

import socket
import statistics
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import cramjam

from orbital_bench import config, meter, report
from orbital_bench.rigs import Sink
from orbital_plugin_snmp import oids
from orbital_plugin_snmp.traps.notification import TRAP, TRAP_OID
from orbital_plugin_snmp.wire.ber import OCTETS, SEQUENCE, integer, tlv
from orbital_plugin_snmp.wire.smi import TIME_TICKS
from orbital_remote_write.remote_write_pb2 import WriteRequest
from orbital_testbench import free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

RATE: Final = 1000
"""Traps a second."""
BUFFERS: Final[dict[str, dict[str, Any]]] = {
    "memory": {},
    "disk, synced": {"type": "disk", "disk_path": "buffer"},
}
SENT: Final = "1.3.6.1.4.1.99999"
RULE: Final = {
    "metric": "bench_trap_sent",
    "type": "gauge",
    "trap": f"{SENT}.0.1",
    "value": f"{SENT}.1",
    "labels": [{"label": "row", "varbind": f"{SENT}.1", "index": True}],
}


def run(seconds: int = 10) -> None:
    """Print percentiles of the latency, and CPU."""
    report.settings(
        [
            ("traps", f"{RATE:,} a second for {seconds} s, v2c, {RATE:,} series in turn", ""),
            ("flush_interval, compression", "100 ms, snappy", ""),
            ("buffer", "as the row says, size 1,000,000 (default)", ""),
        ],
        "no peer",
    )
    rows = [[name, *_measured(buffer, seconds)] for name, buffer in BUFFERS.items()]
    head = ("buffer", "arrived", "p50 ms", "p99 ms", "most ms", "CPU us/trap")
    report.table("Trap to output", head, rows)


def _measured(buffer: dict[str, Any], seconds: int) -> list[object]:
    with TemporaryDirectory() as name, Sink() as sink:
        port = free_port()
        task = {
            "id": "traps", "device_id": "traps", "plugin": "snmp_trap", "interval": "1h",
            "config": {"listen": "127.0.0.1", "port": port, "rate": 10 * RATE, "rules": [RULE]},
        }  # fmt: skip
        file = config.agent(
            Path(name),
            write_url=sink.write_url,
            listen=f"127.0.0.1:{free_port()}",
            tasks=[task],
            buffer=buffer | {"flush_interval": "100ms"},
            sender={"mode": "direct", "direct": {"out": _output(sink.write_url)}},
        )
        with meter.sentinel(Path(name), file) as agent:
            wait_until(lambda: bool(sink.arrivals), what="the first report")
            _send(port, 1)
            before, many = meter.cpu_seconds(agent.pid), seconds * RATE
            _send(port, many)
            wait_until(partial(_has, sink, many), what="the last trap")
            spent = meter.cpu_seconds(agent.pid) - before
        return _row(sorted(_latencies(sink)), spent / many)


def _output(url: str) -> dict[str, Any]:
    return {"writer": "victoria_metrics", "url": url, "compression": "snappy"}


def _row(latencies: list[float], cpu: float) -> list[object]:
    cuts = statistics.quantiles(latencies, n=100)
    return [len(latencies), cuts[49], cuts[98], latencies[-1], 1e6 * cpu]


def _send(port: int, many: int) -> None:
    """So many traps at the rate, each with the milliseconds of its sending."""
    begin = time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for number in range(many):
            if (early := begin + number / RATE - time.monotonic()) > 0:
                time.sleep(early)
            sock.sendto(_trap(number % RATE), ("127.0.0.1", port))


def _trap(row: int) -> bytes:
    def varbind(oid: bytes, value: bytes) -> bytes:
        return tlv(SEQUENCE, tlv(0x06, oid) + value)

    since = round(time.time() * 1000) - BEGAN
    names = (
        varbind(oids.encode("1.3.6.1.2.1.1.3.0"), tlv(TIME_TICKS, b"\x01")),
        varbind(TRAP_OID, tlv(0x06, oids.encode(f"{SENT}.0.1"))),
        varbind(oids.encode(f"{SENT}.1.{row}"), integer(since)),
    )
    pdu = integer(1) + integer(0) + integer(0) + tlv(SEQUENCE, b"".join(names))
    return tlv(SEQUENCE, integer(1) + tlv(OCTETS, b"public") + tlv(TRAP, pdu))


BEGAN: Final = round(time.time() * 1000)
"""Milliseconds UTC: an INTEGER of SNMP has 32 bits."""


def _latencies(sink: Sink) -> Iterator[float]:
    """Milliseconds of each trap."""
    for at, body in sink.arrivals:
        request = WriteRequest.FromString(bytes(cramjam.snappy.decompress_raw(body)))
        for series in request.timeseries:
            if any(label.value == RULE["metric"] for label in series.labels):
                yield from [at * 1000 - BEGAN - sample.value for sample in series.samples]


def _has(sink: Sink, many: int) -> bool:
    return sum(1 for _ in _latencies(sink)) >= many
