"""Quantiles, by the definition and beside the library of DDSketch's authors."""

import math
import sys

import pytest
from ddsketch import DDSketch
from hypothesis import given
from hypothesis import strategies as st

from orbital_processors.aggregate.sketch import Sketches, bin_of, quantile, value_of

FLOATS = st.floats(allow_nan=False)
PHI = st.floats(0, 1)


def sketch(values):
    fold = Sketches(1)
    fold.several([values], 0)
    return fold.states()[0]


@given(st.lists(FLOATS, min_size=1, max_size=50), PHI)
def test_accuracy(values, phi):
    """Within 1 % of the value of that rank, from the least double to the largest, and for infinities."""
    wanted = sorted(values)[math.floor(phi * (len(values) - 1))]
    found = quantile(sketch(values), phi)
    if abs(wanted) > sys.float_info.min:  # those below have too few digits for a percent
        assert found == wanted or abs(found - wanted) <= abs(wanted) * (0.01 + 1e-9)
    else:
        assert abs(found) <= sys.float_info.min * 1.02


@given(st.lists(st.floats(-1e200, 1e200), min_size=1, max_size=50), PHI)
def test_judge(values, phi):
    """The library finds the same, but for values that it takes for zero."""
    library = DDSketch(0.01)
    for value in values:
        library.add(value)
    theirs, found = library.get_quantile_value(phi), quantile(sketch(values), phi)
    assert found == pytest.approx(theirs, rel=1e-9, abs=1e-300)


@given(st.lists(FLOATS), st.lists(FLOATS, min_size=1))
def test_merged(one, other):
    """Two sketches are as one of all values."""
    assert Sketches.merged(sketch(one), sketch(other)) == sketch(one + other)


@given(FLOATS, FLOATS)
def test_order(one, other):
    """Bins are in the order of their values."""
    assert bin_of(min(one, other)) <= bin_of(max(one, other))
    assert bin_of(value_of(bin_of(one))) == bin_of(one) or abs(one) < sys.float_info.min
