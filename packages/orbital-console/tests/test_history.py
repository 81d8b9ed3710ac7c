"""The history keeps what is newest within its memory, and the first cause of a trouble while it lasts."""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from orbital_console.history.runs import KEPT, NAMES, TASK_BYTES, Attempt, RunHistory
from orbital_console.history.values import (
    BATCH_BYTES,
    LABEL_BYTES,
    NUMBER_BYTES,
    ROW_BYTES,
    Series,
    ValueHistory,
    of_tasks,
)
from orbital_runtime.model import Run, Status
from orbital_sdk import STALE, Batch, Identity, Layout, Origin, Row

ROW = ROW_BYTES + LABEL_BYTES


def run(number: int, error: str = "", *, ok: bool = True, **measured: float) -> Run:
    status = Status.SUCCESS if ok else Status.FAILED
    kind = "DeviceUnreachable" if error else ""
    return Run(status, ok, number, 0.1, 1, error, kind, measured=measured)


def attempt(given: Run) -> Attempt:
    return Attempt(
        given.started_ms, given.duration, given.samples, given.status is Status.SUCCESS,
        given.error, given.error_kind, given.measured,
    )  # fmt: skip


def batch(task: str, ts: int, *values: float, stale: bool = False, names: str = "ab") -> Batch:
    rows = tuple(Row(name, {"device_id": "d"}) for name in names[: len(values)])
    layout = Layout(Origin(task, "p", "d", "t", Identity("s", "s")), rows)
    return Batch(layout, ts, array("d", values), stale=stale)


def series_of(history: ValueHistory, since_ms: int = 0) -> list[Series]:
    return history.of(lambda origin: origin.task == "t", since_ms=since_ms)()


RUNS = st.lists(st.tuples(st.sampled_from(["", "down", "refused"]), st.booleans()), max_size=120)


@given(RUNS)
def test_cause_is_the_first_error_since_the_last_clean_run(given_runs):
    """Whatever follows: consequences never replace the cause, and a clean run ends the trouble."""
    history = RunHistory(1 << 20)
    runs = [run(n, error or ("" if ok else "?"), ok=ok) for n, (error, ok) in enumerate(given_runs)]
    states = [(history.of("t").troubled, history.of("t").failing)]
    for each in runs:
        changed = history.add("t", each)
        states.append((history.of("t").troubled, history.of("t").failing))
        assert changed == (states[-1] != states[-2])
    clean = max((n for n, each in enumerate(runs) if not each.error), default=-1)
    good = max((n for n, each in enumerate(runs) if each.status is Status.SUCCESS), default=-1)
    found = history.of("t")
    assert found.troubled == (attempt(runs[clean + 1]) if clean + 1 < len(runs) else None)
    assert found.failing == (attempt(runs[good + 1]) if good + 1 < len(runs) else None)
    assert found.runs == [attempt(each) for each in runs[-KEPT:]]


def test_more_tasks_leave_fewer_runs_of_each():
    """The memory is a limit over all tasks; the last run of each stays."""
    memory = 20 * (TASK_BYTES + 800)
    history = RunHistory(memory)
    for number in range(60):
        for task in range(20):
            history.add(str(task), run(number, f"error {number // 7}"))
    found = [history.of(str(task)) for task in range(20)]
    assert sum(one.size for one in found) <= memory
    assert [one.runs[-1].at for one in found] == [59] * 20
    assert 3 < len(found[0].runs) < KEPT
    history.keep({"0"})
    history.add("0", run(60))
    assert len(history) > len(found[1].runs)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(0, 1000)), max_size=60))
def test_what_was_measured_comes_back(given_runs):
    """Phases in microseconds and counts, whichever of them a run has."""
    history = RunHistory(1 << 20)
    for number, measured in enumerate(given_runs):
        seconds = {f"{name}_seconds": n / 1000 for name, n in measured.items()}
        history.add("t", run(number, **seconds, **measured))
    for got, measured in zip(history.of("t").runs, given_runs[-KEPT:], strict=True):
        assert got.counts == measured
        assert got.phases == {name: n / 1000 for name, n in measured.items()}


def test_what_plugins_measure_is_bounded():
    """Neither what is not a finite number nor endless names."""
    history = RunHistory(1 << 20)
    history.add("t", run(0, a=float("nan"), b=float("inf"), c=-1e300, d=1.0))
    assert history.of("t").runs[0].measured == {"d": 1.0}
    for number in range(2 * NAMES):
        history.add("t", run(number, **{f"n{number}": 1.0}))
    assert sum(bool(one.measured) for one in history.of("t").runs) == 0
    history.add("u", run(0, **{"x" * 1000: 1.0}))
    assert history.of("u").runs[0].measured == {}


def test_removed_tasks_are_forgotten():
    """A task that runs here no longer takes no memory."""
    history = RunHistory(1 << 20)
    history.add("a", run(1))
    history.add("b", run(1))
    history.keep(["b", "c"])
    assert (len(history), history.of("a").runs) == (1, [])


@given(st.lists(st.integers(1, 2), max_size=60), st.integers(1, 20))
def test_values_stay_within_their_memory(sizes, room):
    """The newest batches that fit are kept, and nothing else."""
    memory = room * (BATCH_BYTES + 2 * (NUMBER_BYTES + ROW))
    history = ValueHistory(memory)
    for number, size in enumerate(sizes):
        history.add(batch("t", number, *[float(number)] * size))
    assert history.bytes <= memory
    series = series_of(history)
    points = series[0].points if series else []
    assert points == [(n, float(n)) for n in range(len(sizes))][len(sizes) - len(points) :]
    assert len(points) >= min(room, len(sizes))


def test_values_of_a_task_by_series():
    """One list of points a series over all layouts, without stale markers and other tasks."""
    history = ValueHistory(1 << 20)
    history.add(batch("t", 1, 1.0, 2.0))
    history.add(batch("other", 2, 9.0))
    history.add(batch("t", 3, 3.0))
    history.add(batch("t", 4, STALE, STALE, stale=True))
    history.add(batch("t", 5, STALE, 4.0))
    found = {one.name: one.points for one in series_of(history)}
    assert found == {"a": [(1, 1.0), (3, 3.0)], "b": [(1, 2.0), (5, 4.0)]}
    assert [one.points for one in series_of(history, since_ms=4)] == [[(5, 4.0)]]


def test_a_layout_counts_while_one_of_its_batches_stays():
    """Series that end take their memory with them: the books are even when all batches were replaced."""
    history = ValueHistory(3 * (BATCH_BYTES + NUMBER_BYTES + ROW))
    kept = batch("t", 1, 1.0)
    for number in range(50):
        history.add(
            batch("t", number, 1.0)
            if number < 25
            else Batch(kept.layout, number, array("d", [2.0]))
        )
    points = series_of(history)[0].points
    assert history.bytes == len(points) * (BATCH_BYTES + NUMBER_BYTES) + ROW


def test_values_of_tasks_as_the_api_names_them():
    """Keys have a source, and origins have none; so many series at most."""
    history = ValueHistory(1 << 20)
    history.add(batch("17", 1, 1.0, 2.0))
    view = {"key": "core/17", "id": "17", "plugin": "p", "device_id": "d"}
    found = history.of(of_tasks([view]), most=1)()
    assert [(one.name, one.points) for one in found] == [("a", [(1, 1.0)])]
    assert history.of(of_tasks([view | {"plugin": "q"}]))() == []
