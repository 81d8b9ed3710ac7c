"""The log tells of a task when it begins to fail and when it works again, in a bounded number of lines."""

from __future__ import annotations

import logging

import pytest

from orbital_runtime.clock import ManualClock
from orbital_runtime.scheduler.task_log import MOST, PERIOD, TaskLog
from orbital_runtime_testing.runs import failed_run, good_run, make_task


class Told:
    """News of tasks, and what the log got of them."""

    def __init__(self, caplog):
        self.clock = ManualClock()
        self.known = set()
        self.news = TaskLog(self.clock, self.known)
        self.log = caplog
        caplog.set_level(logging.INFO)

    def run(self, name, run):
        self.known.add(name)
        self.news(make_task(name), run)

    def lines(self):
        taken = [(record.levelname, record.getMessage()) for record in self.log.records]
        self.log.clear()
        return taken


@pytest.fixture
def told(caplog):
    return Told(caplog)


def test_a_failure_is_told_once_and_its_end_too(told):
    """Not each of a hundred runs that fail alike, but the first, and the first that works."""
    told.run("switch", good_run())
    for _ in range(100):
        told.run("switch", failed_run(error="192.0.2.1: no answer within 5 s"))
    told.run("switch", good_run())
    told.run("switch", good_run())
    assert told.lines() == [
        ("WARNING", "task switch fails: 192.0.2.1: no answer within 5 s"),
        ("INFO", "task switch works again, after 100 runs that did not"),
    ]


def test_it_says_how_the_task_does_not_work(told):
    """A task that is refused, one that gives a part: each has its words, and each change is told."""
    told.run("plc", good_run(error="unit 3: exception 2"))
    told.run("plc", failed_run(error="wrong password", pauses=True))
    told.run("plc", good_run())
    assert [line for _, line in told.lines()] == [
        "task plc collects only a part: unit 3: exception 2",
        "task plc is refused and paused: wrong password",
        "task plc works again, after 2 runs that did not",
    ]


def test_a_bug_is_not_told_again(told):
    """The engine tells it with its traceback; only its end is news."""
    told.run("odd", failed_run("Bug"))
    assert not told.lines()
    told.run("odd", good_run())
    assert told.lines() == [("INFO", "task odd works again, after 1 run that did not")]


def test_a_link_that_takes_all_tasks_with_it_does_not_fill_the_log(told):
    """So many lines a minute; the others are told as a number when the minute is over."""
    for number in range(5000):
        told.run(f"t{number}", failed_run())
    assert len(told.lines()) == MOST
    told.clock.advance(PERIOD)
    told.run("t0", failed_run())
    assert told.lines() == [
        ("WARNING", f"{5000 - MOST} more changes of tasks were not logged; see `sentinel tasks`")
    ]
    told.run("t0", good_run())
    assert told.lines() == [("INFO", "task t0 works again, after 2 runs that did not")]


def test_tasks_that_are_gone_are_not_remembered(told):
    """A Core that replaces failing tasks for years leaves nothing behind."""
    for number in range(5000):
        told.run(f"t{number}", failed_run())
        told.known.clear()
    assert len(told.news._troubles) < 1000
