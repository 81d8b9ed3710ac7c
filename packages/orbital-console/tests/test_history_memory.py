"""What the history costs: memory within its setting, few calls on the way of samples."""

from __future__ import annotations

import logging
import sys
import tracemalloc
from array import array

from orbital_console.history.history import History
from orbital_runtime.model import Run, Status
from orbital_runtime.reload import Reload
from orbital_sdk import Batch, Identity, Layout, Origin, Row

TASKS = 500
MEMORY = (32 << 20) * TASKS // 5000
"""As much for each task as 5,000 have by default."""
RUNS = 25


def layout(task: str) -> Layout:
    rows = [Row(f"metric_{n}", {"device_id": task, "port": str(n)}) for n in range(4)]
    return Layout(Origin(task, "p", task, "t", Identity("s", "s")), rows)


def run(number: int, task: int) -> Run:
    measured = {"open_seconds": 0.01 * number, "collect_seconds": 0.2, "requests": 7}
    ok = (number + task) % 3 > 0
    error = "" if ok else f"device-{task} does not answer: attempt {number // 12}, timed out"
    status = Status.SUCCESS if ok else Status.FAILED
    at = 1_700_000_000_000 + number
    return Run(status, ok, at, 0.123, 10, error, error and "DeviceUnreachable", measured=measured)


def fill(history: History) -> None:
    for task in range(TASKS):
        for number in range(RUNS):
            history.runs.add(f"task-{task}", run(number, task))
    for task in range(TASKS):
        known = layout(f"task-{task}")
        for number in range(3):
            history.values.add(Batch(known, number, array("d", [1.0] * 4)))
    output = {
        "phase": "delivering", "breaker": "closed", "reason": "", "waiting": 1 << 40, "backlog": 1 << 41,
        "lag": 0.5, "sent_samples": 1 << 42, "requests": 1 << 43, "errors": {},
    }  # fmt: skip
    for number in range(300):
        history.outputs.record(
            1_700_000_000_000 + number, [output | {"name": f"o{n}"} for n in range(9)]
        )
    for number in range(1200):
        history.log.emit(
            logging.LogRecord("x", logging.INFO, "", 0, f"line {number} {'x' * 80}", (), None)
        )
        history.reloads.append(Reload(0, 0, (), tuple(f"change {n} {number}" for n in range(20))))


def test_memory_stays_within_its_setting():
    """A full history of everything: no more than `console.memory`, and 20 runs of each task."""
    tracemalloc.start(1)
    try:
        history = History(MEMORY)
        fill(history)
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert used <= MEMORY, f"{used / 2**20:.1f} MiB"
    kept = [len(history.runs.of(f"task-{task}").rows) for task in range(TASKS)]
    assert min(kept) >= 20


def test_few_calls_for_each_batch_and_run():
    """On the data path a batch of any length costs a few calls, and so does a run."""
    history = History(MEMORY)
    known = layout("a")
    history.values.add(Batch(known, 0, array("d", [1.0] * 4)))
    history.runs.add("a", run(0, 0))
    batch, ended = Batch(known, 1, array("d", [1.0] * 4)), run(1, 0)
    assert calls(lambda: history.values.add(batch)) <= 3
    assert calls(lambda: history.runs.add("a", ended)) <= 12


def calls(act) -> int:
    """Python functions that it calls."""
    seen = []

    def note(frame, event, _argument):
        if event == "call":
            seen.append(frame.f_code.co_name)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(before)
    return len(seen) - 1
