"""What faults cost, ours and vmagent side by side: samples lost, doubled, and seconds until all is delivered.

All faults run at the same time, each with two agents and two destinations of their own, for 15 seconds.
Both collect 5 made-up devices of 50 series every second. A sample is lost if its second is missing between
the first and the last one of its series; the seconds in which a killed agent was not there are not counted.
"""

from __future__ import annotations

import signal
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from orbital_bench import report
from orbital_bench.rigs import SERIES, TARGETS, UNCOUNTED, Ours, Rig, Sink, Theirs
from orbital_testbench import Answer, CutConnection, MountError, NoAnswer, small_disk, wait_until

if TYPE_CHECKING:
    from collections.abc import Collection

    from orbital_testbench import Behaviour

WARM, FAULT, AFTER = 6.0, 15.0, 75.0
"""Seconds before, during and after the faults; a paused output looks again after 60."""
DISK: Final = 100 << 20

FAULTS: Final[dict[str, Behaviour]] = {
    "connections reset": CutConnection(),
    "never answers": NoAnswer(),
    "400": Answer(400),
    "401": Answer(401),
    "409": Answer(409),
    "413": Answer(413),
    "429": Answer(429),
    "500": Answer(500),
    "503": Answer(503),
    "reset, and kill -9": CutConnection(),
    "reset, then another URL": CutConnection(),
    "reset, and the disk full": CutConnection(),
}


@dataclass
class Trial:
    """One agent under one fault."""

    fault: str
    rig: Rig
    sinks: list[Sink] = field(default_factory=list[Sink])
    ended: float = 0.0
    """When it was killed."""
    exited: bool = False
    """Whether it ended by itself."""


def run() -> None:
    """Print one row a fault and agent."""
    report.settings(
        [
            ("queue", "disk, synced", "memory, on disk while the server is away (default)"),
            ("flush_interval", "1 s (default 10 s)", "1 s (default)"),
            (
                "compression",
                "snappy (default for victoria_metrics: zstd)",
                "snappy (default: zstd)",
            ),
        ],
        "vmagent 1.112",
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        trials = [t for fault in FAULTS for t in _prepare(stack, folder, fault)]
        for trial in trials:
            trial.rig.start(trial.sinks[0].write_url)
        wait_until(lambda: all(trial.sinks[0].arrivals for trial in trials), timeout=120)
        time.sleep(WARM)
        for trial in trials:
            trial.sinks[0].fail(FAULTS[trial.fault])
            _begin(trial)
        time.sleep(FAULT * 2 / 3)
        for trial in trials:
            _middle(trial)
        time.sleep(FAULT / 3)
        for trial in trials:
            _heal(trial)
        healed = time.time()
        time.sleep(AFTER)
        rows = [_row(trial, healed) for trial in trials]
        for trial in trials:
            trial.rig.end(signal.SIGKILL)
    head = ("fault for 15 s", "agent", "samples", "lost", "dead letters", "twice", "drained s", "")
    report.table("Faults, ours and vmagent", head, rows)


def _prepare(stack: ExitStack, folder: Path, fault: str) -> list[Trial]:
    trials: list[Trial] = []
    for kind in (Ours, Theirs):
        place, disk = folder / fault.replace(" ", "-") / kind.name, None
        if fault.endswith("disk full"):
            try:
                disk = stack.enter_context(small_disk(place / "disk", DISK))
            except MountError as reason:
                print(f"{fault}: {reason}")
                return []
        trial = Trial(fault, kind(place / "agent", disk))
        trial.sinks = [stack.enter_context(Sink()) for _ in range(1 + fault.endswith("URL"))]
        trials.append(trial)
    return trials


def _begin(trial: Trial) -> None:
    if trial.fault.endswith("disk full"):
        _fill(trial.rig.disk / "filler")


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as filler:
        try:
            while filler.write(b"x" * 4096):
                pass
        except OSError:
            pass


def _middle(trial: Trial) -> None:
    if trial.fault.endswith("kill -9"):
        trial.ended = time.time()
        trial.rig.end(signal.SIGKILL)
        trial.rig.start(trial.sinks[0].write_url)
    elif trial.fault.endswith("URL"):
        trial.ended = time.time()
        trial.rig.end(signal.SIGTERM)
        trial.rig.start(trial.sinks[1].write_url)


def _heal(trial: Trial) -> None:
    trial.exited = not trial.rig.alive
    if trial.fault.endswith("disk full"):
        (trial.rig.disk / "filler").unlink()
        if trial.exited:
            trial.rig.start(trial.sinks[0].write_url)
    if not trial.fault.endswith("URL"):
        trial.sinks[0].heal()


def _row(trial: Trial, healed: float) -> list[object]:
    came: dict[tuple[str, ...], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    last = healed
    for sink in trial.sinks:
        for at, series, ms in sink.samples():
            came[series][ms] += 1
            if ms < healed * 1000:
                last = max(last, at)
    missing = sum(_missing(times, trial.ended) for times in came.values())
    twice = sum(count - 1 for times in came.values() for count in times.values())
    samples = sum(map(len, came.values()))
    dead = round(trial.rig.dead_letters() * SERIES / (SERIES + UNCOUNTED))
    note = "it had ended by itself" if trial.exited else ""
    if len(came) != TARGETS * SERIES:
        note = f"{len(came)} of {TARGETS * SERIES} series came"
    return [trial.fault, trial.rig.name, samples, missing - dead, dead, twice, last - healed, note]


def _missing(times: Collection[int], ended: float) -> int:
    """Seconds without a sample; not those from the end of a process to the first sample of the next."""
    missing = sum(max(0, round((b - a) / 1000) - 1) for a, b in pairwise(sorted(times)))
    after = [ms for ms in times if ms > ended * 1000]
    return missing - int(min(after) / 1000 - ended) if ended and after else missing
