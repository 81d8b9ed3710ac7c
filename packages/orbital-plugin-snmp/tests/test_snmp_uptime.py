"""What sysUpTime tells of a restart."""

from __future__ import annotations

import pytest

from orbital_plugin_snmp.tables.uptime import Uptime


@pytest.mark.parametrize(
    ("before", "ticks", "began", "asked", "restarted", "during"),
    [
        (1000, 2000, 10.0, 10.5, False, False),
        (1000, 1000, 10.0, 10.5, False, False),  # a recording: its clock stands still
        (100_000, 500, 10.0, 10.5, True, False),  # five seconds ago
        (100_000, 50, 10.0, 10.5, True, False),  # just before the poll
        (100_000, 20, 10.0, 10.5, True, True),  # in it
        (2**32 - 500, 500, 10.0, 10.5, False, False),  # after 497 days it begins again
        (2**32 - 100_000, 20, 10.0, 10.5, True, True),
    ],
)
def test_uptime(before, ticks, began, asked, restarted, during):
    """By sysUpTime is known whether a device started again, when, and when its counter only began anew."""
    uptime = Uptime()
    uptime.note(before, began=0.0, now=0.5)
    uptime.note(ticks, began=began, now=asked)
    assert (uptime.restarted, uptime.during_poll) == (restarted, during)
    uptime.note(None, began=20.0, now=20.5)
    assert not uptime.restarted
