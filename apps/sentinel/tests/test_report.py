"""What `sentinel status` makes of an output."""

from __future__ import annotations

import time

import pytest

from orbital_sentinel.terminal import agent_report, cardinality_report
from orbital_sentinel.terminal.agent_report import LEDGER

WELL = {"phase": "waiting", "reason": "", "requests": 7, "breaker": "closed", "until_ms": None}


def state(capsys, **more):
    """The line of an output as words, without its name and figures."""
    one = {"name": "central", "ledger": dict.fromkeys(LEDGER, 0) | {"dropped": {}}, **WELL, **more}
    agent_report._outputs([one])
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("central"))
    return line.removeprefix("central").partition(" 0 ")[0].strip()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, "ok"),
        ({"phase": "delivering"}, "ok"),
        ({"requests": 0}, "not tried yet"),
        ({"phase": "delivering", "reason": "no answer within 30 s"}, "failing"),
        (
            {"phase": "delivering", "reason": "503", "breaker": "half-open"},
            "failing, breaker half-open",
        ),
        ({"phase": "orphaned", "breaker": "closed"}, "orphaned"),
    ],
)
def test_ok_is_said_of_what_goes_well(capsys, more, told):
    """Not of an output that was never tried, and not of one that tries once more after it failed."""
    assert state(capsys, **more) == told


def test_when_it_is_tried_again(capsys):
    """Whoever waits for an output sees how long."""
    until = round((time.time() + 90.5) * 1000)
    told = state(capsys, phase="paused", reason="401", until_ms=until)
    assert told in ("paused, again in 1m30s", "paused, again in 1m29s")


def test_the_report_of_series_fits_a_terminal(capsys):
    """80 columns, whatever names are there, with the warning in front."""
    long = "x" * 200
    told = {
        "series": 25_310, "churn": 1204,
        "limits": {"series_per_device": 10_000, "series": None},
        "warnings": [{"words": "device shop has 8,000 of 10,000 series"}],
        "metrics": [{"metric": long, "series": 16_000, "churn": 3}],
        "devices": [{"device": "shop", "series": 8000, "churn": 0}],
        "tasks": [],
        "labels": [{"label": "url", "metric": long, "values": 16_000, "exact": False}],
    }  # fmt: skip
    cardinality_report.show(told)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "25,310 series; 1,204 more came and went within the hour",
        "limits: series_per_device 10,000",
        "warning: device shop has 8,000 of 10,000 series",
    ]
    assert max(map(len, lines)) <= 80
    assert lines[-1].split()[0] == "url"
    assert lines[-1].endswith("~16,000")
