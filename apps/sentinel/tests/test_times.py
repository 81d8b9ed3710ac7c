"""Ages that people give: the moment they speak of stays, however long an answer takes."""

from __future__ import annotations

import time

import pytest

from orbital_sentinel.errors import Misuse
from orbital_sentinel.terminal.times import older_than


def test_an_age_keeps_its_moment():
    """What was asked about is what is dropped: later the same moment is longer ago."""
    age = older_than("1h")
    assert age is not None
    at = age.before_ms / 1000
    for _ in range(3):
        earliest, seconds, latest = time.time(), age.seconds, time.time()
        assert earliest - at - 0.001 <= seconds <= latest - at + 0.001
        assert age.before_ms / 1000 == at


def test_no_age_is_no_limit():
    """Left out it says nothing; a slip is told with the option's name."""
    assert older_than("") is None
    with pytest.raises(Misuse, match="--older-than"):
        older_than("soon")
