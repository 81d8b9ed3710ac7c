"""Counting different values."""

from __future__ import annotations

import pytest

from orbital_cardinality.values import FEW, Values


def counted(stop):
    values = Values()
    for n in range(stop):
        values.add(f"/path/{n}")
        values.add(f"/path/{n // 2}")
    return values


@pytest.mark.parametrize("count", [0, 1, FEW])
def test_few_are_exact(count):
    values = counted(count)
    assert (len(values), values.exact) == (count, True)


@pytest.mark.parametrize("count", [FEW + 1, 5_000, 50_000])
def test_many_are_nearly_so(count):
    """Within four standard errors."""
    values = counted(count)
    assert not values.exact
    assert abs(len(values) - count) <= 0.1 * count
