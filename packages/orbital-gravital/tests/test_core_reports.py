"""Reports against a real server: what it breaks over, finds too large, or does not hear for long."""

from __future__ import annotations

import asyncio
import contextlib
import logging

import pytest

from orbital_gravital.calls.client import CoreClient
from orbital_gravital.identity.account import Account
from orbital_gravital.identity.line import Line
from orbital_gravital.reports.lane import PANICS
from orbital_gravital.reports.report import LONGEST, report_of
from orbital_gravital.reports.reports import Reports
from orbital_gravital.sections import CoreSection
from orbital_runtime.clock import SystemClock
from orbital_runtime_testing.runs import failed_run

from .conftest import until

REPORT = "/api/v1/sentinel-tasks/"
PANIC = {"path": REPORT, "status": 500, "body": ""}


@pytest.fixture
def task(sane):
    """One that this sentinel has."""
    return sane.peer.task(sane.peer.device())


@contextlib.asynccontextmanager
async def sending(sane, *, address=None, most=1000):
    """Reports on their way to this site's Core; with short pauses."""
    account = Account(
        None, sane.folder / "who.yaml", url=sane.peer.address, clock=SystemClock(),
        given=sane.who(),
    )  # fmt: skip
    client = CoreClient(address or sane.peer.address, CoreSection(url=sane.peer.address))
    line = Line(client, account, timeout=2, retry=(0.005, 0.02))
    reports = Reports(line, lambda *_: None, most=most)
    running = asyncio.create_task(reports.run())
    try:
        yield reports
    finally:
        running.cancel()
        await asyncio.wait({running})
        reports.abandon()
        line.close()


def said(task: str, *errors: str):
    """A report for each of these errors, a second apart."""
    runs = [
        failed_run(error=words, started_ms=1_795_521_600_000 + 1000 * i)
        for i, words in enumerate(errors)
    ]
    return [report_of(task, run) for run in runs]


def heard(sane, task):
    """Errors that arrived, oldest first."""
    return [run["error_message"] for run in reversed(sane.peer.runs(task))]


async def test_a_report_that_core_breaks_over_is_given_up_and_holds_nobody(sane, task, caplog):
    """After a few tries, once another one passed: counted under a name, and told with its task."""
    sane.peer.fault(**PANIC, contains="poison")
    async with sending(sane) as reports:
        for report in said(task, "poison", "good", "poison", "better"):
            reports.add(report)
        await until(lambda: reports.waiting == 0)
        assert (reports.tally.sent, reports.tally.given_up, reports.tally.refused) == (2, 2, 0)
    assert heard(sane, task) == ["good", "better"]
    (told,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert task in told.getMessage()


async def test_where_core_breaks_over_every_report_none_is_given_up(sane, task):
    """That is an outage, however long it takes; all arrive after it, in their order."""
    sane.peer.fault(**PANIC, count=4 * PANICS)
    async with sending(sane) as reports:
        for report in said(task, "1", "2", "3"):
            reports.add(report)
        await until(lambda: reports.tally.sent == 3)
        assert reports.tally.given_up == 0
    assert heard(sane, task) == ["1", "2", "3"]


async def test_what_core_refuses_of_a_task_is_told_once(sane, task, caplog):
    """And once more after one that passed; all are counted."""
    sane.peer.fault(path=REPORT, contains="bad", status=400)
    async with sending(sane) as reports:
        for report in said(task, "bad", "bad", "good", "bad", "bad"):
            reports.add(report)
        await until(lambda: reports.waiting == 0)
        assert (reports.tally.sent, reports.tally.refused) == (1, 4)
    assert [r.levelname for r in caplog.records if "refuses" in r.getMessage()] == ["WARNING"] * 2


async def test_what_is_abandoned_stays_and_arrives_later(sane, task):
    """Nobody waits for its answer any more; order and number of all reports are kept."""
    async with sending(sane) as reports:
        sane.peer.fault(path=REPORT, latency_ms=300, status=503, count=1)
        for report in said(task, "1", "2"):
            reports.add(report)
        await until(lambda: not sane.peer.core.faults.active)
        reports.abandon()
        assert reports.waiting == 2
        await reports.flush()
    assert heard(sane, task) == ["1", "2"]


async def test_where_there_is_no_room_the_oldest_reports_go_and_are_counted(sane, caplog):
    """Of all tasks together, and the log says so once; what is left arrives."""
    tasks = [sane.peer.task(sane.peer.device()) for _ in range(2)]
    sane.peer.fault(path=REPORT, status=503)
    async with sending(sane, most=6) as reports:
        for one, two in zip(*(said(task, *"12345") for task in tasks), strict=True):
            reports.add(one)
            reports.add(two)
        assert (reports.waiting, reports.tally.dropped) == (6, 4)
        sane.peer.cure()
        await until(lambda: reports.waiting == 0)
        assert (reports.tally.sent, reports.tally.dropped) == (6, 4)
    assert [heard(sane, task) for task in tasks] == [["3", "4", "5"]] * 2
    assert caplog.text.count("the queue is full") == 1


async def test_a_report_that_is_too_large_for_a_proxy_loses_words_and_arrives(
    sane, task, start_nginx
):
    """413 of a real nginx."""
    proxy = start_nginx(
        f"client_max_body_size 1k; location / {{ proxy_pass {sane.peer.address}; }}"
    )
    async with sending(sane, address=proxy.url) as reports:
        reports.add(*said(task, "word " * LONGEST))
        await until(lambda: reports.waiting == 0)
        assert (reports.tally.sent, reports.tally.refused) == (1, 0)
    (words,) = heard(sane, task)
    assert 300 < len(words) < 1000
