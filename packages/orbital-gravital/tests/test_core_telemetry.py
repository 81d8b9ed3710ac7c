"""What status, health and metrics tell of Core."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from orbital_gravital import Gravital, standing
from orbital_gravital.metrics import metrics
from orbital_gravital.standing import CoreStanding, reasons
from orbital_runtime.extensions import UnusableTask

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def core_standing() -> CoreStanding:
    """A Core that knows this sentinel, and a task of it that cannot run."""
    return CoreStanding(
        address="https://core.example", sentinel_id="sentinel-a", trouble="", heartbeats=7,
        heartbeats_failed=1, last_heartbeat_ms=0, tasks=3,
        unusable={"b": UnusableTask("no plugin")}, reports=4,
        reports_waiting=2, reports_refused=1, reports_given_up=5, reports_dropped=6,
    )  # fmt: skip


class Told(Collector):
    """The families of one moment."""

    def __init__(self, now: CoreStanding | None) -> None:
        self._now = now

    def collect(self):
        yield from metrics(self._now)


def scrape(now: CoreStanding | None) -> str:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Told(now))
    return generate_latest(registry).decode()


def test_a_core_that_is_away_is_told_and_blocks_nothing(core_standing):
    """Nor does a task of it that cannot run."""
    lost = replace(core_standing, sentinel_id="", trouble="connection refused")
    told = {reason.reason: reason.blocks for reason in reasons(lost)}
    assert told == {"core_unknown": False, "core_task_unusable": False}
    away = replace(core_standing, trouble="503", unusable={})
    assert {reason.reason: reason.blocks for reason in reasons(away)} == {"core_away": False}


def test_of_many_tasks_that_cannot_run_a_few_are_named(core_standing):
    """And how many more there are."""
    many = {str(number): UnusableTask("no plugin") for number in range(10)}
    told = [reason.message for reason in reasons(replace(core_standing, unusable=many))]
    assert len(told) == 4
    assert told[-1] == "and 7 more tasks of Core cannot run: `sentinel tasks --status unusable`"


def test_what_core_hears_is_counted(core_standing):
    """Heartbeats and reports; zeros without a Core, under the names of the original design."""
    without = scrape(None)
    for end in ("success", "failed"):
        assert f"# TYPE sentinel_heartbeat_{end}_total counter\n" in without
        assert f"\nsentinel_heartbeat_{end}_total 0.0\n" in without
    text = scrape(core_standing)
    assert "\nsentinel_heartbeat_success_total 7.0\n" in text
    assert "\nsentinel_heartbeat_failed_total 1.0\n" in text
    ends = {"sent": 4, "refused": 1, "given_up": 5, "dropped": 6}
    for outcome, count in ends.items():
        assert f'sentinel_core_reports_total{{outcome="{outcome}"}} {count}.0\n' in text


def test_the_documentation_has_every_metric_and_every_reason(core_standing):
    """The README names each, and no other."""
    declared = set(re.findall(r"^# TYPE (sentinel_\w+)", scrape(core_standing), re.MULTILINE))
    assert set(re.findall(r"`(sentinel_\w+)`", README)) == declared
    source = Path(standing.__file__).read_text(encoding="utf-8")
    words = set(re.findall(r'Reason\(\s*"(\w+)"', source))
    assert len(words) == 3
    assert {word for word in words if f"`{word}`" not in README} == set()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"sentinel_id": ""}, "https://core.example, not registered yet"),
        ({"trouble": "503"}, "https://core.example, away, last heartbeat "),
        ({"last_heartbeat_ms": None}, "https://core.example, asked, no heartbeat yet, reports: 2 waiting"),
        ({}, "ago, reports: 2 waiting, 1 refused, 5 given up, 6 dropped"),
    ],
)  # fmt: skip
def test_the_status_says_it_on_one_line(core_standing, change, line):
    """For people: where Core is, whether it hears us, and what became of reports."""
    assert line in Gravital.summarize(asdict(replace(core_standing, **change)))
