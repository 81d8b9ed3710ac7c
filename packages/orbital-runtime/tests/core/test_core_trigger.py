"""A manual trigger is recognised by a `next_execution_at` that nothing explains."""

from __future__ import annotations

from orbital_runtime.core.trigger import Triggers

NOON = 1_795_521_600_000  # 2026-11-24T12:00:00Z


def test_what_our_reports_explain_is_no_trigger():
    """`executed_at` plus the interval, of any of the last reports, to the microsecond."""
    triggers = Triggers()
    assert not triggers.look("a", "2026-11-24T11:59:00.5Z")
    triggers.reported("a", NOON, 60)
    triggers.reported("a", NOON + 60_000, 60)
    assert not triggers.look("a", "2026-11-24T12:01:00Z")
    assert not triggers.look("a", "2026-11-24T12:02:00.000000Z")
    assert not triggers.look("a", "2026-11-24T12:02:00.000000Z")


def test_a_third_value_is_one_and_counts_once():
    """Also where the server's clock is another one."""
    triggers = Triggers()
    triggers.look("a", "2026-11-24T12:01:00Z")
    triggers.reported("a", NOON, 60)
    assert triggers.look("a", "2026-11-24T20:00:13.578768Z")
    assert not triggers.look("a", "2026-11-24T20:00:13.578768Z")


def test_a_task_that_is_seen_first_or_has_no_time_is_none():
    """Its phase runs it soon anyway."""
    triggers = Triggers()
    assert not triggers.look("a", "2026-11-24T12:01:00Z")
    assert not triggers.look("a", None)
    assert not triggers.look("b", "nonsense")
    assert not triggers.look("b", "other nonsense")


def test_tasks_that_are_gone_are_forgotten():
    """One that comes back begins anew."""
    triggers = Triggers()
    triggers.look("a", "2026-11-24T12:01:00Z")
    triggers.keep(set())
    assert not triggers.look("a", "2026-11-24T20:00:13Z")
