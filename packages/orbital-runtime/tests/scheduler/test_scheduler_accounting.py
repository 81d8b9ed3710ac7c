"""Every tick is accounted for: run, missed, or passed over for a reason; whatever happens meanwhile."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from orbital_runtime.clock import ManualClock
from orbital_runtime.scheduler.pacing.backpressure import Pressure
from orbital_runtime.scheduler.scheduler import Scheduler
from orbital_runtime_testing.runs import Runs, failed_run, good_run, make_task

INTERVALS = (0.5, 1.0, 7.0, 60.0)
EVENTS = st.one_of(
    st.tuples(st.just("wait"), st.floats(0.01, 3)),
    st.tuples(st.just("sleep"), st.floats(10, 200)),
    st.tuples(st.just("end"), st.integers(0, 3)),
    st.tuples(st.just("fail"), st.integers(0, 3)),
    st.tuples(st.just("fill"), st.floats(0, 1)),
)


async def breathe() -> None:
    for _ in range(4):
        await asyncio.sleep(0)


async def simulate(slots: int, events: list[tuple[str, float]]) -> None:
    clock, runs, fill = ManualClock(), Runs(), [0.0]
    runs.hold = True
    scheduler = Scheduler(
        runs,
        clock=clock,
        slots=slots,
        exclusive=lambda task: "bus" if task.priority % 2 else None,
        pressure=Pressure(lambda: fill[0], 0.8, 4),
    )
    tasks = [make_task(f"t{n}", interval=i, priority=n) for n, i in enumerate(INTERVALS)]
    scheduler.put(tasks)
    first = {key: its.next_due for key, (_, its) in scheduler.states().items()}
    for event, amount in events:
        if event in {"wait", "sleep"}:
            clock.advance(amount)
            scheduler.turn()
        elif event == "fill":
            fill[0] = amount
        elif f"t{amount}" in runs.gates:
            runs.end(f"t{amount}", good_run() if event == "end" else failed_run())
        await breathe()
        assert scheduler.running <= slots
        for key, (task, its) in scheduler.states().items():
            waiting = scheduler._roster.jobs[key].waiting
            ticks = round((its.next_due - first[key]) / task.interval)
            skipped = sum(its.skipped.values())
            assert ticks == runs.started.count(key) + its.missed + skipped + waiting
    assert scheduler.totals.missed == sum(its.missed for _, its in scheduler.states().values())
    for key in list(runs.gates):
        runs.end(key)
    await scheduler.stop()


@settings(max_examples=150, deadline=None)
@given(slots=st.integers(1, 3), events=st.lists(EVENTS, max_size=40))
def test_ticks_are_run_missed_or_skipped(slots: int, events: list[tuple[str, float]]) -> None:
    """Long runs, stalls, sleeps of the machine, devices down, a full buffer, too few slots: for each task
    ticks = runs + missed + skipped + waiting, at every moment; Runs asserts that none overlaps itself.
    """
    asyncio.run(simulate(slots, events))


async def test_idle_is_told_after_the_last_run():
    """Of three runs that go on together the last one to end tells it, and after its result is known."""
    clock, runs, idle = ManualClock(), Runs(), []
    runs.hold = True
    scheduler = Scheduler(
        runs, clock=clock, on_idle=lambda: idle.append((scheduler.running, scheduler.totals.runs))
    )
    scheduler.put([make_task(name) for name in "abc"])
    asked = [asyncio.create_task(scheduler.trigger(name)) for name in "abc"]
    await breathe()
    for name in "bca":
        assert idle == []
        runs.end(name)
        await breathe()
    assert idle == [(0, 3)]
    await asyncio.gather(*asked)
    await scheduler.stop()
