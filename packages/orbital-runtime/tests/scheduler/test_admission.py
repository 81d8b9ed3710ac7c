"""Slots: never too many, exclusive things one at a time, devices take turns, nobody waits for ever."""

from __future__ import annotations

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from orbital_runtime.scheduler.admission import BOOST, Admission


def admit_all(admission: Admission) -> list[str]:
    keys: list[str] = []
    while (key := admission.next()) is not None:
        keys.append(key)
    return keys


def run_all(admission: Admission) -> list[str]:
    """The order in which everything runs if each run ends before the next is admitted."""
    order: list[str] = []
    while (key := admission.next()) is not None:
        order.append(key)
        admission.done(key)
    return order


def test_few_run_against_one_target() -> None:
    """Two at a time, whatever devices they count for; others pass them meanwhile, and each that ends makes
    room for the next.
    """
    admission = Admission(100, per_target=2)
    for n in range(5):
        admission.ask(f"r{n}", f"d{n}", due=n, priority=5, target="shop:80")
    admission.ask("other", "d0", due=9, priority=5, target="shop:81")
    admission.ask("bus", "d0", due=9, priority=5, target="shop:80", exclusive="bus")
    assert admit_all(admission) == ["r0", "r1", "other", "bus"]
    admission.done("r1")
    assert admit_all(admission) == ["r2"]
    assert admission.withdraw("r3")
    admission.done("r0")
    assert admit_all(admission) == ["r4"]


def test_another_bound_holds_for_those_who_wait() -> None:
    """Raised from two to four, two of those who wait start at once; lowered to one, the next one starts when
    all are done. What is exclusive stays so.
    """
    admission = Admission(100, per_target=2)
    for n in range(7):
        admission.ask(f"r{n}", f"d{n}", due=n, priority=5, target="shop:80")
    for n in range(2):
        admission.ask(f"bus-{n}", "d0", due=9, priority=5, exclusive="bus")
    assert admit_all(admission) == ["r0", "r1", "bus-0"]
    admission.set_limits(100, 4)
    assert admit_all(admission) == ["r2", "r3"]
    admission.set_limits(100, 1)
    for n in range(3):
        admission.done(f"r{n}")
        assert admit_all(admission) == []
    admission.done("r3")
    assert admit_all(admission) == ["r4"]
    assert admission.withdraw("r5")
    admission.done("r4")
    assert admit_all(admission) == ["r6"]


def test_who_was_called_up_and_withdraws_leaves_the_next_a_place() -> None:
    """A bus is free and the first of those behind it was called up: if that one stops asking, the next is."""
    admission = Admission(3)
    for n in range(3):
        admission.ask(f"r{n}", f"d{n}", due=n, priority=5, exclusive="bus")
    assert admit_all(admission) == ["r0"]
    admission.done("r0")
    assert admission.withdraw("r1")
    assert admit_all(admission) == ["r2"]


def test_no_more_than_the_slots() -> None:
    """Three slots admit three; the fourth comes when one is handed back."""
    admission = Admission(3)
    for n in range(5):
        admission.ask(f"r{n}", f"d{n}", due=n, priority=5)
    assert admit_all(admission) == ["r0", "r1", "r2"]
    assert admission.waiting == 2
    assert admission.done("r1")
    assert admit_all(admission) == ["r3"]
    assert not admission.done("r1")


def test_high_priority_goes_first() -> None:
    """Of what is due together, priority 9 goes first and 0 last."""
    admission = Admission(1)
    for priority in (0, 5, 9):
        admission.ask(f"p{priority}", f"d{priority}", due=100, priority=priority)
    assert run_all(admission) == ["p9", "p5", "p0"]


def test_low_priority_is_not_starved() -> None:
    """However many of priority 9 keep coming, one of priority 0 runs once it waited long enough."""
    admission = Admission(1)
    admission.ask("low", "d", due=0, priority=0)
    for second in range(1000):
        admission.ask(f"high-{second}", f"h{second}", due=second, priority=9)
        key = admission.next()
        assert key is not None
        admission.done(key)
        if key == "low":
            assert second <= 9 * BOOST + 1
            return
    raise AssertionError("it never ran")


def test_devices_take_turns() -> None:
    """A device with a hundred runs at once does not make others with one wait for all of them."""
    admission = Admission(1)
    for n in range(100):
        admission.ask(f"big-{n:03}", "big", due=0, priority=5)
    for n in range(5):
        admission.ask(f"small-{n}", f"small-{n}", due=0, priority=5)
    order = run_all(admission)
    assert {f"small-{n}" for n in range(5)} <= set(order[:6])


def test_one_at_a_time_on_a_bus() -> None:
    """What shares a bus waits for it without holding a slot that others could use."""
    admission = Admission(4)
    for n in range(10):
        admission.ask(f"bus-{n}", f"d{n}", due=0, priority=5, exclusive="bus")
    admission.ask("free", "x", due=5, priority=5)
    assert admit_all(admission) == ["bus-0", "free"]
    assert admission.running == 2
    admission.done("bus-0")
    assert admit_all(admission) == ["bus-1"]


def test_withdrawn_requests_do_not_block_a_bus() -> None:
    """When the one that was called up for the bus is withdrawn, the next behind it gets its turn."""
    admission = Admission(1)
    for name in ("a", "b", "c"):
        admission.ask(name, name, due=0, priority=5, exclusive="bus")
    admission.ask("other", "o", due=0, priority=5)
    assert admission.next() == "a"
    assert admission.next() is None
    admission.done("a")
    assert admission.withdraw("b")
    assert not admission.withdraw("b")
    assert run_all(admission) == ["c", "other"]


def test_more_slots_count_at_once() -> None:
    """A reload may change the number of slots in both directions."""
    admission = Admission(1)
    for n in range(4):
        admission.ask(f"r{n}", f"d{n}", due=n, priority=5)
    assert len(admit_all(admission)) == 1
    admission.set_limits(3, 9)
    assert len(admit_all(admission)) == 2
    admission.set_limits(1, 9)
    admission.done("r0")
    admission.done("r1")
    assert admit_all(admission) == []
    admission.done("r2")
    assert admit_all(admission) == ["r3"]


class Machine(RuleBasedStateMachine):
    """Any order of asking, admitting, ending and withdrawing, and of other bounds."""

    @initialize(slots=st.integers(1, 4), per_target=st.integers(1, 3))
    def begin(self, slots: int, per_target: int) -> None:
        self.slots, self.per_target = slots, per_target
        self.admission = Admission(slots, per_target)
        self.waiting: dict[str, str] = {}
        self.running: dict[str, str] = {}
        """What each of them claims: a capital is exclusive."""
        self.count = 0
        self.now = 0.0

    @rule(
        device=st.sampled_from("ABC"),
        claim=st.sampled_from(["X", "Y", "a", "b", "", ""]),
        priority=st.integers(0, 9),
        later=st.floats(0, 3),
    )
    def ask(self, device: str, claim: str, priority: int, later: float) -> None:
        key = f"r{self.count}"
        self.count += 1
        self.now += later
        self.waiting[key] = claim
        exclusive, target = (claim, "") if claim.isupper() else (None, claim)
        self.admission.ask(
            key, device, due=self.now, priority=priority, exclusive=exclusive, target=target
        )

    def full(self, claim: str) -> bool:
        most = 1 if claim.isupper() else self.per_target
        return bool(claim) and list(self.running.values()).count(claim) >= most

    @rule()
    def admit(self) -> None:
        key = self.admission.next()
        free = [k for k, claim in self.waiting.items() if not self.full(claim)]
        if len(self.running) >= self.slots or not free:
            assert key is None
        else:
            assert key in free, "a free slot and a run that could use it"
            self.running[key] = self.waiting.pop(key)

    @rule(slots=st.integers(1, 4), per_target=st.integers(1, 3))
    def suit(self, slots: int, per_target: int) -> None:
        self.slots, self.per_target = slots, per_target
        self.admission.set_limits(slots, per_target)

    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        if self.running:
            key = data.draw(st.sampled_from(sorted(self.running)))
            del self.running[key]
            assert self.admission.done(key)

    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        if self.waiting:
            key = data.draw(st.sampled_from(sorted(self.waiting)))
            del self.waiting[key]
            assert self.admission.withdraw(key)

    @invariant()
    def counts_hold(self) -> None:
        assert self.admission.running == len(self.running)
        assert self.admission.waiting == len(self.waiting)
        exclusive = Counter(claim for claim in self.running.values() if claim.isupper())
        assert all(count == 1 for count in exclusive.values())

    def teardown(self) -> None:
        """Nobody is left waiting once runs end, and nothing of anybody is left behind."""
        for key in list(self.running):
            self.admission.done(key)
        assert sorted(run_all(self.admission)) == sorted(self.waiting)
        assert not self.admission._crowd
        assert not self.admission._behind
        assert not self.admission._used


Machine.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
test_any_order = Machine.TestCase
