"""Receivers: remote write in and remote write out again, beside vmagent, which is given the same requests."""

from __future__ import annotations

import http.client
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from orbital_bench import config, meter, report
from orbital_remote_write import SNAPPY
from orbital_remote_write.wire import SAMPLE_HEAD, field, label, stamp
from orbital_testbench import VictoriaMetrics, VmAgent, free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

TARGETS, SERIES = 49, 199
"""What Prometheus scrapes: 9,751 series, so that no two requests are cut at the same places."""
SAMPLES: Final = 2000
"""A request: Prometheus' `max_samples_per_send`."""
SENDERS: Final = 8
"""Requests at once: Prometheus' shards."""
BUFFERS: Final[dict[str, dict[str, Any]]] = {
    "memory": {"when_full": "block"},
    "disk, synced": {"type": "disk", "disk_path": "buffer", "when_full": "block"},
}
"""As who receives has them: senders wait where it is full."""
PATH: Final = "/api/v1/write"


def run(requests: int = 2000) -> None:
    """Print samples a second a core."""
    report.settings(
        [
            ("requests", f"{requests} of {SAMPLES:,} samples in snappy, {SENDERS} at once", "the same ones"),
            ("series", f"{TARGETS * SERIES:,} in turn, one in ten 0", "the same ones"),
            ("compression out", "zstd (default)", "zstd (default)"),
            ("buffer", "as the row says; size 1,000,000 (default), when_full block (senders wait)",
             "queue in memory while the server takes it (default)"),
            config.KEEPING[1],
        ],
        "vmagent 1.112",
    )  # fmt: skip
    sent = list(_requests(requests))
    ours = {f"ours, {name}": _ours(buffer, sent) for name, buffer in BUFFERS.items()}
    figures = ours | {"vmagent": _vmagent(sent)}
    peer, _ = figures["vmagent"]
    report.table(
        "Remote write in, remote write out",
        ("what", "samples/s/core", "CPU us/sample", "MiB", "to vmagent"),
        [[name, speed, 1e6 / speed, mib, speed / peer] for name, (speed, mib) in figures.items()],
    )


def _ours(buffer: dict[str, Any], sent: Sequence[bytes]) -> tuple[float, float]:
    with _server() as (folder, server):
        port = free_port()
        task = {
            "id": "push", "device_id": "push", "plugin": "push", "interval": "10s", "config": {"port": port},
        }  # fmt: skip
        file = config.agent(
            folder,
            write_url=server.write_url,
            listen=f"127.0.0.1:{free_port()}",
            tasks=[task],
            buffer=buffer,
        )
        with meter.sentinel(folder, file) as agent:
            return _measured(port, agent.pid, server, sent)


def _vmagent(sent: Sequence[bytes]) -> tuple[float, float]:
    with _server() as (folder, server), VmAgent(folder / "vmagent", server.write_url) as agent:
        return _measured(agent.port, agent.pid, server, sent)


@contextmanager
def _server() -> Generator[tuple[Path, VictoriaMetrics]]:
    with TemporaryDirectory() as name, VictoriaMetrics(Path(name) / "vm") as server:
        yield Path(name), server


def _measured(
    port: int, pid: int, server: VictoriaMetrics, sent: Sequence[bytes]
) -> tuple[float, float]:
    """Samples a second a core, and resident MiB, once every series was seen."""
    warm = len(sent) // 4
    wait_until(partial(_push, port, sent[:1]), every=0.2, what="the first answer")
    assert _push(port, sent[:warm])  # noqa: S101 (a figure for refused requests would mean nothing)
    _arrived(server, (warm + 1) * SAMPLES)
    before = meter.cpu_seconds(pid)
    assert _push(port, sent[warm:])  # noqa: S101 (as above)
    _arrived(server, (len(sent) + 1) * SAMPLES)
    spent = meter.cpu_seconds(pid) - before
    return (len(sent) - warm) * SAMPLES / spent, meter.resident_mib(pid)


def _push(port: int, sent: Sequence[bytes]) -> bool:
    """Send these, each sender its share; whether all were taken."""
    shares = [sent[at::SENDERS] for at in range(SENDERS)]
    with ThreadPoolExecutor(SENDERS) as pool:
        return all(pool.map(partial(_send, port), shares))


def _send(port: int, sent: Sequence[bytes]) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        return all(_taken(connection, body) for body in sent)
    except OSError:
        return False
    finally:
        connection.close()


def _taken(connection: http.client.HTTPConnection, body: bytes) -> bool:
    headers = {"Content-Type": "application/x-protobuf", **SNAPPY.headers}
    connection.request("POST", PATH, body, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status == 204


def _arrived(server: VictoriaMetrics, samples: int) -> None:
    """A figure for lost samples would mean nothing."""
    wait_until(
        lambda: meter.stored(server) >= samples, timeout=120, every=0.5, what=f"{samples} samples"
    )


def _requests(count: int) -> Iterator[bytes]:
    """The rounds of all series, a second apart, cut into requests as a queue of Prometheus does it."""
    labels = [_labels(target, number) for target in range(TARGETS) for number in range(SERIES)]
    begin = time.time_ns() // 1_000_000 - 1000 * (count * SAMPLES // len(labels) + 1)
    samples = (_series(one, turn // len(labels), begin) for turn, one in enumerate(cycle(labels)))
    for _ in range(count):
        yield SNAPPY.compress(b"".join(islice(samples, SAMPLES)))


def _labels(target: int, number: int) -> bytes:
    pairs = {
        "__name__": f"bench_cpu_seconds_{number % 40}_total",
        "cluster": "production", "cpu": str(number // 40), "instance": f"host-{target}.example.net:9100",
        "job": "node", "mode": ("idle", "user", "system", "iowait")[number % 4],
    }  # fmt: skip
    return b"".join([label(*pair) for pair in pairs.items()])


def _series(labels: bytes, turn: int, begin: int) -> bytes:
    """One sample, whose value protobuf leaves out where it is 0."""
    value = 0.0 if hash(labels) % 10 == 0 else turn * 1.25 + len(labels)
    ts = stamp(begin + 1000 * turn)
    sample = SAMPLE_HEAD + struct.pack("<d", value) + ts if value else b"\x12\x07" + ts
    return field(b"\n", labels + sample)
