"""A manual trigger is recognised by a `next_execution_at` that nothing explains."""

from __future__ import annotations

import pytest

from orbital_gravital.tasks.trigger import Triggers

NOON = 1_795_521_600_000  # 2026-11-24T12:00:00Z


def test_what_our_reports_explain_is_no_trigger():
    """`executed_at` plus the interval, of any of the last reports, to the microsecond."""
    triggers = Triggers()
    assert not triggers.look("a", "2026-11-24T11:59:00.5Z", 60)
    triggers.reporting("a", NOON)
    triggers.reporting("a", NOON + 60_000)
    assert not triggers.look("a", "2026-11-24T12:01:00Z", 60)
    assert not triggers.look("a", "2026-11-24T12:02:00.000000Z", 60)
    assert not triggers.look("a", "2026-11-24T12:02:00.000000Z", 60)


def test_a_third_value_is_one_and_counts_once():
    """Also where the server's clock is another one."""
    triggers = Triggers()
    triggers.look("a", "2026-11-24T12:01:00Z", 60)
    triggers.reporting("a", NOON)
    assert triggers.look("a", "2026-11-24T20:00:13.578768Z", 60)
    assert not triggers.look("a", "2026-11-24T20:00:13.578768Z", 60)


def test_a_task_that_is_seen_first_or_has_no_time_is_none():
    """Its phase runs it soon anyway."""
    triggers = Triggers()
    assert not triggers.look("a", "2026-11-24T12:01:00Z", 60)
    assert not triggers.look("a", None, 60)
    assert not triggers.look("b", "nonsense", 60)
    assert not triggers.look("b", "other nonsense", 60)


def test_tasks_that_are_gone_are_forgotten():
    """One that comes back begins anew."""
    triggers = Triggers()
    triggers.look("a", "2026-11-24T12:01:00Z", 60)
    triggers.look("b", "2026-11-24T12:01:00Z", 60)
    triggers.forget("a")
    triggers.forget("nobody")
    assert not triggers.look("a", "2026-11-24T20:00:13Z", 60)


def test_an_edited_interval_is_no_trigger():
    """The report of a run from before the edit met the new interval, or the old one."""
    triggers = Triggers()
    triggers.look("a", "2026-11-24T11:59:00Z", 60)
    triggers.reporting("a", NOON)
    triggers.reporting("a", NOON + 60_000)
    assert not triggers.look("a", "2026-11-24T12:05:00Z", 300)
    triggers.look("a", "2026-11-24T12:05:00Z", 30)
    assert not triggers.look("a", "2026-11-24T12:01:30Z", 30)
    assert triggers.look("a", "2026-11-24T12:07:00Z", 30)


def test_a_backlog_of_reports_on_its_way_is_no_trigger():
    """A list may show any of those that went out lately."""
    triggers = Triggers()
    triggers.look("a", "2026-11-24T11:59:00Z", 60)
    for minute in range(60):
        triggers.reporting("a", NOON + minute * 60_000)
    assert not triggers.look("a", "2026-11-24T12:01:00Z", 60)
    assert not triggers.look("a", "2026-11-24T12:30:00Z", 60)


def test_the_report_of_another_host_with_our_identity_is_no_trigger():
    """Two hosts of one name are one sentinel for Core; each would answer the other's report with a run."""
    triggers = Triggers()
    triggers.look("a", "2026-11-24T11:59:00Z", 600, None)
    theirs = "2026-11-24T12:00:13.578Z"
    assert not triggers.look("a", "2026-11-24T12:10:13.578000Z", 600, theirs)
    assert not triggers.look("a", "2026-11-24T12:10:13.578000Z", 60, theirs)
    assert triggers.look("a", "2026-11-24T20:05:00.123456Z", 60, theirs)
    assert not triggers.look("a", "2026-11-24T12:06:00Z", 60, "2026-11-24T12:05:00Z")


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
@pytest.mark.parametrize("interval", [0, -1, 60, 1e300])
def test_absurd_times_break_nothing(text, interval):
    """Go's zero time, and intervals that no column holds."""
    triggers = Triggers()
    triggers.look("a", "2026-11-24T11:59:00Z", interval)
    triggers.reporting("a", NOON)
    assert triggers.look("a", text, interval, "nonsense")
