"""How long an output waits after a failure."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital_runtime.sender.pacing.backoff import LONGEST_WISH, backoff

chances = st.floats(0, 1)
counts = st.integers(1, 10**9)


@given(counts, chances)
def test_pauses_double_up_to_a_cap(failures, chance):
    """The upper end doubles with each failure; chance picks anything below it; the cap always holds."""
    pause = backoff(failures, base=0.5, cap=60, chance=chance)
    assert 0 <= pause <= min(60, 0.5 * 2.0 ** min(failures - 1, 20))
    assert backoff(failures, base=0.5, cap=60, chance=1) == min(
        60, 0.5 * 2.0 ** min(failures - 1, 20)
    )


@given(counts, chances, st.floats(0, LONGEST_WISH))
def test_a_wish_is_never_undercut(failures, chance, wish):
    """Retry-After is a lower bound, also beyond the cap."""
    assert backoff(failures, base=1, cap=30, chance=chance, retry_after=wish) >= wish


@pytest.mark.parametrize("wish", [math.inf, math.nan, -5.0, 1e12])
def test_mad_wishes_are_bounded(wish):
    """A server that asks for a year, for ever, or for the past gets an hour at most."""
    assert 0 <= backoff(1, base=1, cap=30, chance=0, retry_after=wish) <= LONGEST_WISH
