"""Reports of tasks that Core says it does not have, against a real server: kept until a list decides."""

from __future__ import annotations

import json

import pytest

from .conftest import until
from .test_core_reports import heard, said, sending

UNKNOWN = json.dumps({"code": 10001, "message": "上报失败: task not found"})


@pytest.fixture
def tasks(sane):
    """Two that this sentinel has."""
    return [sane.peer.task(sane.peer.device()) for _ in range(2)]


def deny(sane, task):
    """Say from now on that there is no such task."""
    path = f"/api/v1/sentinel-tasks/{task}/"
    sane.peer.fault(path=path, status=500, body=UNKNOWN)


async def test_they_wait_for_a_list_hold_nobody_and_arrive_in_their_order(sane, tasks):
    """A list is asked for at once, and for one that fails again only after one that passed: no storm."""
    lost, there = tasks
    deny(sane, lost)
    wanted = []
    async with sending(sane) as reports:
        reports.missing.on_doubt = lambda: wanted.append(1)
        for one, two in zip(said(lost, "1", "2"), said(there, "1", "2"), strict=True):
            reports.add(one)
            reports.add(two)
        await until(lambda: reports.tally.sent == 2 and len(reports.missing) == 2)
        reports.missing.decide(reports.missing.doubted, set(tasks))
        await until(lambda: len(reports.missing) == 2)
        assert (reports.waiting, len(wanted)) == (2, 1)
        sane.peer.cure()
        reports.add(*said(lost, "3"))
        reports.missing.decide(reports.missing.doubted, set(tasks))
        await until(lambda: reports.waiting == 0)
        deny(sane, lost)
        reports.add(*said(lost, "4"))
        await until(lambda: len(wanted) == 2)
    assert [heard(sane, task) for task in tasks] == [["1", "2", "3"], ["1", "2"]]


async def test_a_list_that_was_asked_for_before_decides_nothing(sane, tasks):
    """Only one that was on its way after Core said so."""
    deny(sane, tasks[0])
    async with sending(sane) as reports:
        before = reports.missing.doubted
        reports.add(*said(tasks[0], "1"))
        await until(lambda: len(reports.missing) == 1)
        reports.missing.decide(before, {})
        assert (len(reports.missing), reports.tally.refused) == (1, 0)


async def test_those_of_tasks_that_are_gone_are_dropped_in_one_line(sane, tasks, caplog):
    """Core is asked about one report of each; all are counted."""
    for task in tasks:
        deny(sane, task)
    async with sending(sane) as reports:
        for task in tasks:
            for report in said(task, "1", "2", "3"):
                reports.add(report)
        await until(lambda: len(reports.missing) == 6)
        reports.missing.decide(reports.missing.doubted, {})
        for task in tasks:
            reports.add(*said(task, "4"))
        await until(lambda: reports.waiting == 0)
        assert (reports.tally.sent, reports.tally.refused, reports.tally.dropped) == (0, 8, 0)
    assert caplog.text.count("reports are dropped") == 1
    assert ": 8, of " in caplog.text


async def test_those_of_a_task_that_is_switched_off_arrive(sane, tasks):
    """No list has it, and Core takes its reports all the same."""
    deny(sane, tasks[0])
    async with sending(sane) as reports:
        for report in said(tasks[0], "1", "2", "3"):
            reports.add(report)
        await until(lambda: len(reports.missing) == 3)
        sane.peer.cure()
        reports.missing.decide(reports.missing.doubted, {})
        await until(lambda: reports.tally.sent == 3)
    assert heard(sane, tasks[0]) == ["1", "2", "3"]


async def test_they_have_no_room_of_their_own(sane, tasks):
    """They count among those that wait; the oldest of all go first, and a task's last chance may be among
    them: then a later list decides.
    """
    for task in tasks:
        deny(sane, task)
    async with sending(sane, most=4) as reports:
        for task in tasks:
            for report in said(task, "1", "2", "3"):
                reports.add(report)
        await until(lambda: len(reports.missing) == 4)
        assert (reports.waiting, reports.tally.dropped) == (4, 2)
        sane.peer.cure()
        sane.peer.fault(path="/api/v1/", status=503)
        reports.missing.decide(reports.missing.doubted, {})
        for report in said(tasks[0], *"4567"):
            reports.add(report)
        sane.peer.cure()
        reports.missing.decide(reports.missing.doubted, set(tasks))
        await until(lambda: reports.waiting == 0)
        assert reports.tally.sent + reports.tally.dropped == 10


async def test_another_link_to_the_same_core_sends_them(sane, tasks):
    """After a change of the configuration: nothing is lost, and each task's order stays."""
    deny(sane, tasks[0])
    async with sending(sane) as older:
        for report in said(tasks[0], "1", "2", "3"):
            older.add(report)
        await until(lambda: len(older.missing) == 3)
    sane.peer.cure()
    async with sending(sane) as reports:
        reports.inherit(older, same_core=True)
        await until(lambda: reports.tally.sent == 3)
    assert (older.waiting, heard(sane, tasks[0])) == (0, ["1", "2", "3"])
