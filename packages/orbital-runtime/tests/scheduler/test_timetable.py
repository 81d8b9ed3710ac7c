"""The timetable: fixed phases, ticks without drift, gaps counted."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital_runtime.scheduler.timetable.phase import GRAINS, SECOND, grain_for, phase
from orbital_runtime.scheduler.timetable.timetable import Timetable

NOW = 1_700_000_000.0


def test_a_task_comes_at_its_phase_and_stays_on_it() -> None:
    """Ticks stand at phase + n * interval, however late each of them was taken."""
    table = Timetable()
    first = table.add("a", 10, NOW)
    assert NOW <= first < NOW + 10
    for n in range(100):
        (tick,) = table.pop(first + 10 * n + 0.7)
        assert tick.due == first + 10 * n
        assert tick.following == first + 10 * (n + 1)
        assert tick.missed == 0


def test_phase_depends_on_the_key_alone() -> None:
    """A restart, at whatever moment, keeps every task on its phase (restart = a new timetable, later)."""
    for key in ("ping-1", "ping-2", "core/7"):
        before, after = Timetable(), Timetable()
        due = before.add(key, 30, NOW)
        assert (after.add(key, 30, NOW + 12_345.678) - due) % 30 == 0


def test_tasks_do_not_fire_together_at_start_nor_drift() -> None:
    """B-26 of the older sentinel: no jitter, drift, one-second resolution, all tasks at once at start.

    Ours: 1,000 tasks of 10 s spread evenly over the 40 slots of their interval, not aligned to the start,
    and after a day of late wake-ups each is still where it was.
    """
    table = Timetable()
    table.set_rate(100)
    first = {f"task-{n}": table.add(f"task-{n}", 10, NOW) for n in range(1000)}
    seconds = Counter(int(due - NOW) for due in first.values())
    assert len(seconds) == 10
    assert max(seconds.values()) < 200
    assert len({round(due * 1000) % 1000 for due in first.values()}) == 4  # not on whole seconds
    table.pop(NOW + 86_400.3)
    for tick in table.pop(NOW + 86_420.3):
        off_phase = (tick.following - first[tick.key]) / 10
        assert off_phase == pytest.approx(round(off_phase), abs=1e-7)


def wake_ups(table: Timetable, start: float, seconds: float) -> int:
    """How many different moments have ticks."""
    return len({tick.due for tick in table.pop(start + seconds)})


def test_few_tasks_share_wake_ups_and_many_are_spread() -> None:
    """50 runs a second need 2 timers a second, 200 need 8, 10,000 need 16: never one each."""
    for tasks, moments in ((50, 2), (200, 8), (10_000, 16)):
        table = Timetable()
        table.set_rate(tasks)
        for n in range(tasks):
            table.add(f"t{n}", 1, NOW)
        assert wake_ups(table, NOW, 0.9999) == moments


def test_rates_and_grains() -> None:
    """About as many runs share a point whatever their rate, as far as the grids go."""
    assert [grain_for(rate) for rate in (0, 25, 26, 50, 51, 100, 101, 200, 201, 1e6)] == [
        GRAINS[0], GRAINS[0], GRAINS[1], GRAINS[1], GRAINS[2], GRAINS[2], GRAINS[3], GRAINS[3],
        GRAINS[4], GRAINS[4],
    ]  # fmt: skip


def test_a_growing_fleet_moves_nobody_far() -> None:
    """Another grid moves a task by less than its grain, at its next tick, and neither skips a tick nor adds
    one. Back on the old grid each has its old phase.
    """
    table = Timetable()
    before = {f"t{n}": table.add(f"t{n}", 1, NOW) for n in range(50)}
    table.set_rate(400)
    ticks = Counter[str]()
    due = dict(before)
    for second in range(11):
        for tick in table.pop(NOW + second + 0.5):
            assert tick.missed == 0
            assert 0 <= tick.due - due[tick.key] < 0.5
            due[tick.key] = tick.due + 1
            ticks[tick.key] += 1
    assert all(10 <= ticks[key] <= 11 for key in before)
    assert any((due[key] - before[key]) % 1 for key in before)
    table.set_rate(50)
    for second in (11, 12):
        table.pop(NOW + second + 0.45)
    back = [(tick.key, tick.due) for tick in table.pop(NOW + 13.45)]
    assert len(back) == len(before)
    assert all((tick - before[key]) % 1 == 0 for key, tick in back)


def test_a_coarser_grid_takes_no_tick_twice() -> None:
    """Its place lies before the present one, and may have passed when the task comes late: then it stays
    where it is until its next tick.
    """
    table = Timetable()
    table.set_rate(400)
    first = {f"t{n}": table.add(f"t{n}", 1, NOW) for n in range(50)}
    table.set_rate(1)
    late = table.pop(NOW + 1.9)
    assert sorted(tick.key for tick in late) == sorted(first)
    assert all(tick.following > NOW + 1.9 for tick in late)
    assert table.pop(NOW + 1.9) == []


@pytest.mark.parametrize("interval", [0.01, 0.015, 0.1, 0.25, 1 / 3, 7.123456])
def test_any_interval_works(interval: float) -> None:
    """Sub-second and odd intervals tick as often as they say: no rounding to a grid that does not fit."""
    table = Timetable()
    due = table.add("fast", interval, NOW)
    ticks = 0
    while due < NOW + 1000 * interval:
        (tick,) = table.pop(due)
        assert tick.missed == 0
        due = tick.following
        ticks += 1
    assert ticks == pytest.approx(1000, abs=1)


def test_short_intervals_are_spread_too() -> None:
    """Tasks of 10 ms have one slot on the grid, so they leave it rather than fire together."""
    assert len({phase(f"t{n}", 10_000, GRAINS[0]) for n in range(100)}) > 50


def test_a_late_tick_still_runs_if_no_other_has_come() -> None:
    """A stalled loop makes an hourly task late, not missed: half an hour later is better than not at all."""
    table = Timetable()
    due = table.add("hourly", 3600, NOW)
    (tick,) = table.pop(due + 1800)
    assert tick == ("hourly", due, 0, due + 3600)


def test_ticks_of_a_gap_are_counted_and_not_replayed() -> None:
    """After an hour of sleep a task of 10 s has missed its ticks, and goes on at its phase: no burst."""
    table = Timetable()
    due = table.add("a", 10, NOW)
    (tick,) = table.pop(due + 3600 + 5)
    assert tick.due is None
    assert tick.missed == 361
    assert tick.following == due + 3610
    assert table.pop(due + 3609.9) == []
    assert table.pop(due + 3610)[0].due == due + 3610


def test_a_fast_task_is_not_starved_by_a_loop_that_is_always_late() -> None:
    """The latest tick runs if it is fresh, even when earlier ones were missed."""
    table = Timetable()
    due = table.add("fast", 0.01, NOW)
    ran = 0
    for n in range(1, 101):
        (tick,) = table.pop(due + n * 0.025)
        ran += tick.due is not None
    assert ran == 100


def test_removed_tasks_do_not_come() -> None:
    """A removed task has no tick, and removing what is not there says so."""
    table = Timetable()
    due = table.add("a", 10, NOW)
    assert table.remove("a")
    assert not table.remove("a")
    assert len(table) == 0
    assert table.next() is None
    assert table.pop(due + 100) == []


def test_another_interval_replaces_the_old_one() -> None:
    """A changed interval counts at once; the old ticks are gone."""
    table = Timetable()
    table.add("a", 10, NOW)
    due = table.add("a", 60, NOW)
    assert [t.due for t in table.pop(due)] == [due]
    assert table.next() == due + 60


def test_leftovers_of_changes_are_bounded() -> None:
    """Lazy deletion keeps no more than about as many leftovers as there are tasks, after any churn."""
    table = Timetable()
    for n in range(10_000):
        table.add(f"t{n % 100}", 3600 + n, NOW)
    assert table._heap.leftovers <= 100 + 64


def test_a_hundred_thousand_tasks() -> None:
    """The timetable carries them: every one comes exactly once an interval, in order of its tick."""
    table = Timetable()
    for n in range(100_000):
        table.add(f"t{n}", 60, NOW)
    ticks = table.pop(NOW + 59.999)
    assert len(ticks) == len({tick.key for tick in ticks}) == 100_000
    assert all(tick.due is not None and tick.missed == 0 for tick in ticks)
    dues = [tick.due or 0 for tick in ticks]
    assert dues == sorted(dues)


def test_pop_takes_no_more_than_it_is_told() -> None:
    """One pass may be limited, so that it does not hold the loop; the rest comes at the next one."""
    table = Timetable()
    for n in range(100):
        table.add(f"t{n}", 10, NOW)
    first = table.pop(NOW + 10, limit=30)
    assert len(first) == 30
    assert len(table.pop(NOW + 10)) >= 70


@given(
    key=st.text(max_size=20),
    interval=st.floats(min_value=0.001, max_value=100_000),
    gaps=st.lists(st.floats(min_value=0, max_value=1_000_000), max_size=20),
)
def test_every_tick_is_run_or_missed(key: str, interval: float, gaps: list[float]) -> None:
    """Whenever the loop comes by: ticks run + ticks missed = ticks of the time that passed, none twice."""
    table = Timetable()
    now = NOW
    due = first = table.add(key, interval, now)
    assert now - 1e-5 <= first <= now + interval + 1e-5
    accounted = 0
    for gap in gaps:
        now += gap
        for tick in table.pop(now):
            accounted += tick.missed + (tick.due is not None)
            due = tick.following
            assert due > now - 1e-5
    step = max(1, round(interval * SECOND))
    assert accounted == round((due - first) * SECOND / step)


def test_odd_keys_have_a_phase() -> None:
    """Text from outside may hold anything, lone surrogates too."""
    assert 0 <= phase("\ud800 ключ", 10 * SECOND, GRAINS[0]) < 10 * SECOND
