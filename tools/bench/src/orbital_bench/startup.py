"""How soon it is there, and what it holds: seconds to the version, to the first sample; memory."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from orbital_bench import config, meter, report
from orbital_testbench import VictoriaMetrics, free_port, wait_until


def run(turns: int = 7) -> None:
    """Print medians of seconds, and MiB."""
    report.settings([("buffer, flush_interval", "memory, 10 s (default)", "")], "no peer")
    rows = [
        ["python -c pass", _seconds(turns, "-c", "pass"), ""],
        ["sentinel version", _seconds(turns, "-m", "orbital_sentinel", "version"), ""],
        ["sentinel start to first delivered sample (idle afterwards)", *_first_sample(1)],
        ["the same with 1,000 ping tasks at 10 s", *_first_sample(1000)],
    ]
    report.table("Start-up and memory", ("what", "seconds", "MiB"), rows)


def _seconds(turns: int, *arguments: str) -> float:
    taken: list[float] = []
    for _ in range(turns):
        start = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def _first_sample(count: int) -> tuple[float, float]:
    with TemporaryDirectory() as name, VictoriaMetrics(Path(name) / "vm") as server:
        folder, listen = Path(name), f"127.0.0.1:{free_port()}"
        interval = "1s" if count == 1 else "10s"
        tasks = config.tasks(count, "ping", interval, {"host": "127.0.0.1", "count": 1})
        file = config.agent(
            folder,
            write_url=server.write_url,
            listen=listen,
            tasks=tasks,
        )
        start = time.perf_counter()
        with meter.sentinel(folder, file) as agent:
            wait_until(lambda: meter.stored(server) > 0, timeout=120)
            taken = time.perf_counter() - start
            meter.window(15.0, (agent.pid,))
            return taken, meter.resident_mib(agent.pid)
