"""Labels that never repeat: what an agent holds while series come and go, with each buffer."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from orbital_bench import config, meter, report
from orbital_runtime.engine.report import METRICS
from orbital_testbench import VictoriaMetrics, free_port, wait_until

DEVICES: Final = 50
SESSIONS: Final = 23
"""New series of a device each second: 1,150 in all."""
LOOKS: Final = 5
META: Final = len(METRICS)
"""Samples of the run's own report. Of each session there are two: its sample, and the marker of its end."""


def run(seconds: float = 200.0) -> None:
    """Print resident memory at the beginning of a window, three times in it, and at its end."""
    report.settings([config.KEEPING[0]], "no peer")
    looks = [f"MiB after {n}/{LOOKS - 1}" for n in range(LOOKS)]
    head = ("buffer", "new series/s", "series", *looks, "CPU us/series")
    rows = [_case(keeping, seconds) for keeping in (config.MEMORY, config.DISK)]
    report.table("Series that end after one sample, to victoria-metrics", head, rows)


def _case(keeping: config.Keeping, seconds: float) -> list[object]:
    with TemporaryDirectory() as name, VictoriaMetrics(Path(name) / "vm") as server:
        folder, listen = Path(name), f"127.0.0.1:{free_port()}"
        fields = {"host": "made-up-{n}", "sessions": SESSIONS}
        tasks = config.tasks(DEVICES, "bench_sessions", "1s", fields)
        file = config.agent(
            folder, write_url=server.write_url, listen=listen, tasks=tasks, buffer=keeping.buffer
        )
        with meter.sentinel(folder, file) as agent:
            wait_until(lambda: meter.stored(server) > 0, timeout=120)
            meter.window(30.0, (agent.pid,))  # what lives is known, and some flushes are over
            before, held, cpu = meter.stored(server), [meter.resident_mib(agent.pid)], 0.0
            for _ in range(LOOKS - 1):
                (spent,) = meter.window(seconds / (LOOKS - 1), (agent.pid,))
                cpu += spent.cpu
                held.append(meter.resident_mib(agent.pid))
            series = (meter.stored(server) - before) * SESSIONS / (2 * SESSIONS + META)
            return [keeping.name, series / seconds, series, *held, cpu / series * 1e6]
