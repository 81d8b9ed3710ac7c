"""The budget: known series stay, new ones need room, what ended gives it back, and who grows is named."""

from __future__ import annotations

import logging
import tracemalloc

import pytest

from orbital_cardinality import Account, Budget, SeriesLimits, report
from orbital_cardinality.series_limit import HOUR
from orbital_sdk import Row


def row(n, name="m", label="url"):
    return Row(name, {"device_id": "shop", label: str(n)})


class Task:
    """A task that polls: each collection has these series."""

    def __init__(self, budget, task="a", device="shop", most=1_000_000):
        self.account = Account(budget, task=task, device=device, most=most)
        self.turned = False

    def collect(self, rows, ts=0):
        """What of this was refused, by scope."""
        self.turned = self.account.turn(ts)
        answers = [(one, self.account.admit(one)) for one in rows]
        self.account.settle(tuple(one for one, scope in answers if scope is None), 0)
        return [scope for _, scope in answers if scope]


class Bare:
    """A row of which no cache knows."""

    def __init__(self, n):
        self.name = "m"
        self.labels = (("url", str(n)),)

    @property
    def key(self):
        return self.name, self.labels


def rows(stop, start=0, **kwargs):
    return [row(n, **kwargs) for n in range(start, stop)]


@pytest.mark.parametrize("scope", ["device", "metric", "agent"])
def test_new_series_are_refused_where_a_limit_is_met(scope):
    """And those that are there stay, though they come after the new ones."""
    task = Task(Budget(SeriesLimits(**{scope: 10})))
    assert task.collect(rows(10)) == []
    assert task.collect([*rows(13, 10), *rows(10)]) == [scope] * 3
    assert task.account.held == {"m": 10}


def test_another_device_has_its_own_room():
    """One task that explodes costs the others nothing."""
    budget = Budget(SeriesLimits(device=10))
    wild, calm = Task(budget), Task(budget, "b", "quiet")
    assert len(wild.collect(rows(1000))) == 990
    assert calm.collect(rows(10)) == []
    assert (budget.total, dict(budget.by_device)) == (20, {"shop": 10, "quiet": 10})


def test_what_ended_gives_its_room_back():
    """At the next collection; whoever was refused is told to ask again a minute later."""
    budget = Budget(SeriesLimits(agent=10))
    first, second = Task(budget), Task(budget, "b")
    assert first.collect(rows(8)) == []
    assert second.collect(rows(25, 20)) == ["agent"] * 3
    first.collect(rows(2), ts=1)
    assert (budget.total, second.account.turn(59_999)) == (4, False)
    assert second.account.turn(60_000)
    assert second.collect(rows(25, 20), ts=60_001) == []


def test_no_room_no_second_look():
    """As long as no series ended anywhere there is nothing to ask for."""
    task = Task(Budget(SeriesLimits(agent=1)))
    assert task.collect(rows(2)) == ["agent"]
    assert not task.account.turn(60_000)
    assert not task.account.turn(600_000)


def test_a_task_that_goes_gives_all_of_it_back():
    budget = Budget()
    task = Task(budget)
    task.collect(rows(5))
    task.account.close()
    task.account.close()
    assert (budget.total, budget.by_device, budget.by_metric, budget.holders) == (0, {}, {}, set())


def test_no_known_series_is_lost_when_the_hour_turns():
    """Though another task waits for room at that moment, and the clock was set."""
    budget = Budget(SeriesLimits(agent=10))
    first, second = Task(budget), Task(budget, "b")
    first.collect(rows(10))
    for now in (HOUR, 0, 5 * HOUR):
        first.account.turn(now)
        assert second.collect(rows(30, 20), ts=now) == ["agent"] * 10
        assert first.collect(rows(10), ts=now) == []


def test_a_smaller_budget_keeps_what_is_there():
    """After a reload, whose task goes on under another record: nothing new, and nothing lost."""
    budget = Budget()
    task = Task(budget)
    task.collect(rows(10))
    budget.limits = SeriesLimits(agent=5)
    again = Task(budget)
    again.account.inherit(task.account)
    assert again.collect(rows(12)) == ["agent"] * 2
    assert budget.total == 10
    assert len(budget.holders) == 1


def test_other_names_after_a_reload_take_the_room_of_the_old_ones():
    """A label that was dropped by hand is no reason to wait for an hour."""
    budget = Budget(SeriesLimits(agent=10))
    task = Task(budget)
    task.collect(rows(10))
    again = Task(budget)
    again.account.inherit(task.account)
    assert again.collect(rows(10, label="path")) == []


def test_a_receiver_gives_room_back_with_the_hour():
    """Its senders come one by one, so nobody knows before what has ended."""
    budget = Budget(SeriesLimits(agent=10))
    account = Account(budget, task="r", device="shop", most=100)
    account.turn(0)
    assert [account.admit(one) for one in rows(10)] == [None] * 10
    account.turn(HOUR)
    assert [account.admit(one) for one in rows(4)] == [None] * 4
    account.turn(2 * HOUR)
    assert budget.total == 4


def test_the_label_that_grows_is_named(caplog):
    """In one line, once: its values then and now, since when, and on which device."""
    caplog.set_level(logging.WARNING, "orbital.cardinality")
    budget = Budget(SeriesLimits(device=10_000))
    calm, task = Task(budget, "b"), Task(budget)
    calm.collect(rows(100, name="calm"))
    task.collect(rows(40, name="http_response_bytes"))
    for start in range(40, 9000, 70):
        task.collect(
            [
                *rows(40, name="http_response_bytes"),
                *rows(start + 70, start, name="http_response_bytes"),
            ]
        )
        if budget.told:
            break
    assert budget.told == []
    task.collect(rows(29_000, 20_000, name="http_response_bytes"))
    (told,) = budget.told
    assert (
        "device shop has 8,000 of 10,000 series (collector.limits.series_per_device)" in told.words
    )
    assert "label `url` of `http_response_bytes` on device shop grew from 40 to" in told.words
    assert [record.getMessage() for record in caplog.records] == [told.words]
    task.collect(rows(40, name="http_response_bytes"))
    assert budget.told == []
    task.collect(rows(29_000, 20_000, name="http_response_bytes"))
    assert (len(budget.told), len(caplog.records)) == (1, 1)


@pytest.mark.parametrize("seed", range(20))
def test_the_right_label_of_many(seed):
    """One of five labels has a value of its own in each series: that one, whichever it is."""
    labels = ["a", "b", "c", "d", "e"]
    wild = labels[seed % 5]
    budget = Budget(SeriesLimits(metric=1000))
    task = Task(budget)

    def series(n):
        values = {name: str((n * 7 + at) % (3 + at)) for at, name in enumerate(labels)}
        return Row("m", {**values, wild: f"x{n}"})

    task.collect([series(n) for n in range(10)])
    task.collect([series(n) for n in range(900 + seed)])
    (told,) = budget.told
    assert f"label `{wild}` of `m`" in told.words


def test_metrics_that_never_repeat_are_named():
    budget = Budget(SeriesLimits(agent=1000))
    task = Task(budget)
    task.collect([Row(f"m_{n}", {}) for n in range(5)])
    task.collect([Row(f"m_{n}", {}) for n in range(900)])
    assert (
        "the number of metrics such as `m_799` on device shop grew from 5 to 800"
        in budget.told[0].words
    )


def test_what_comes_and_goes_takes_no_memory():
    """A label that never repeats: a few hundred kilobytes, however long it goes on."""
    budget = Budget()
    task = Task(budget, most=100_000)

    def collect(start, stop):
        task.collect([Bare(n) for n in range(start, stop)])

    for start in range(0, 5000, 1000):
        collect(start, start + 1000)
    tracemalloc.start()
    for start in range(5000, 12_000, 1000):
        collect(start, start + 1000)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 1_000_000
    assert budget.total == 1000


def test_the_report_has_the_top_of_each_kind():
    """By series and by churn, with the label values that there are now."""
    budget = Budget(SeriesLimits(agent=100))
    a, b = Task(budget), Task(budget, "b", "core")
    a.collect(rows(30))
    a.collect(rows(40, 20))
    b.collect(rows(5, name="n"))
    told = report(budget, 2)()
    assert (told["series"], told["churn"]) == (25, 20)
    assert told["metrics"] == [
        {"metric": "m", "series": 20, "churn": 20},
        {"metric": "n", "series": 5, "churn": 0},
    ]
    assert told["devices"][0] == {"device": "shop", "series": 20, "churn": 20}
    assert told["labels"][0] == {"metric": "m", "label": "url", "values": 20, "exact": True}
    assert told["limits"]["series"] == 100


def test_what_was_there_keeps_its_room_however_often_others_are_asked_for():
    """A receiver's processors plan each new run of known series; those that come later have room."""
    budget = Budget(SeriesLimits(agent=10))
    hub = Account(budget, task="hub", device="hub", most=100)
    hub.turn(0)
    assert not any(hub.admit(one) for one in rows(10))
    hub.turn(HOUR)
    assert not any(hub.admit(one) for _ in range(3) for one in rows(5))
    assert not any(hub.admit(one) for one in rows(10, 5))
    assert budget.total == 10


def test_what_a_reload_renames_takes_the_place_of_what_it_was():
    budget = Budget(SeriesLimits(device=10))
    before = Task(budget)
    before.collect(rows(8))
    after = Task(budget)
    after.account.inherit(before.account)
    assert after.collect(rows(8, name="v"), ts=1) == []
    assert (budget.total, len(after.collect([*rows(8, name="v"), *rows(25, 20)], ts=2))) == (8, 3)
