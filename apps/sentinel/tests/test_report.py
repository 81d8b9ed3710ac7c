"""What `sentinel status` makes of an output."""

from __future__ import annotations

import time

import pytest

from orbital_sentinel.terminal import agent_report
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
