"""What an output says of itself: whether anything of it moves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orbital_runtime.sender import Phase
from orbital_runtime.sender.status import Tally


@pytest.mark.parametrize(
    ("changed", "flows"),
    [
        ({}, False),
        ({"waiting": 9}, True),  # some left, as dead letters
        ({"sent_samples": 4}, True),
        ({"sent_samples": 4, "waiting": 12}, True),  # and more came meanwhile
        ({"waiting": 12}, False),
        ({"phase": Phase.DELIVERING}, True),
        ({"phase": Phase.DELIVERING, "errors": {"unavailable": 2}}, False),
    ],
)
async def test_whether_samples_leave(lines, changed, flows):
    """Fewer wait, or more were sent, or one is on its way and nothing failed since: each alone is enough."""
    before = replace(lines().status, waiting=10, sent_samples=3, errors={"unavailable": 1})
    assert replace(before, **changed).flows_since(before) is flows


def test_the_first_error_of_a_trouble_is_kept():
    """Until a request is stored: what came later is mostly its consequence."""
    tally = Tally()
    tally.failed_at(10, "403: denied")
    tally.failed_at(20, "no answer")
    assert (tally.first_error, tally.first_error_ms) == ("403: denied", 10)
    assert (tally.last_error, tally.last_error_ms) == ("no answer", 20)
    tally.succeeded_at(30)
    assert (tally.first_error, tally.first_error_ms, tally.last_success_ms) == ("", None, 30)
