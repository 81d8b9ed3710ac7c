"""The path behind a plugin: samples in hand -> acknowledged by victoria-metrics, CPU a sample.

The whole agent runs as users run it: scheduler, limits, `up` and its like, buffer, sender, telemetry.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from orbital_bench import config, meter, report
from orbital_runtime.engine.report import METRICS
from orbital_testbench import VictoriaMetrics, free_port, wait_until

CASES = (
    (50, 24, 10, config.MEMORY), (50, 24, 10, config.DISK), (50, 24, 10, config.EQUAL),
    (500, 24, 10, config.MEMORY), (500, 24, 10, config.DISK),
    (500, 5, 1, config.MEMORY), (500, 5, 1, config.DISK),
)  # fmt: skip
GOALS = {50: 2.5}
META = len(METRICS)
"""Samples of the run's own report (`up` and its like): stored too, but not the plugin's."""


def run(seconds: float = 20.0) -> None:
    """Print CPU microseconds a sample for each case, by what the server stored."""
    report.settings([config.KEEPING[0]], "no peer")
    rows = [_case(*case, seconds) for case in CASES]
    head = (
        "buffer",
        "batches/s",
        "samples a batch",
        "CPU us/sample",
        "CPU us/batch",
        "CPU share",
        "MiB",
        "goal us",
    )
    report.table("The path behind a plugin, to the acknowledgement of victoria-metrics", head, rows)


def _case(
    polls: int, table_rows: int, columns: int, keeping: config.Keeping, seconds: float
) -> list[object]:
    with TemporaryDirectory() as name, VictoriaMetrics(Path(name) / "vm") as server:
        folder, listen = Path(name), f"127.0.0.1:{free_port()}"
        fields = {"host": "made-up-{n}", "rows": table_rows, "columns": columns}
        tasks = config.tasks(polls, "bench_table", "1s", fields)
        file = config.agent(
            folder, write_url=server.write_url, listen=listen, tasks=tasks, buffer=keeping.buffer
        )
        with meter.sentinel(folder, file) as agent:
            wait_until(lambda: meter.stored(server) > 0, timeout=120)
            meter.window(5.0, (agent.pid,))  # every layout is warm
            before = meter.stored(server)
            (spent,) = meter.window(seconds, (agent.pid,))
            samples = meter.stored(server) - before
            size = 1 + table_rows * columns
            plain = samples * size / (size + META)
            return [
                keeping.name, polls, size, spent.cpu / plain * 1e6, spent.cpu / plain * size * 1e6,
                spent.share, meter.resident_mib(agent.pid), GOALS.get(polls, ""),
            ]  # fmt: skip
