"""Requests that are too large are cut in two, without a batch being torn that need not be."""

from __future__ import annotations

import pytest

from orbital_runtime.sender.refusals.groups import Part, halves, rows
from orbital_sdk.testing import make_batch


def group(*sizes):
    return tuple(Part(seq, 0, make_batch(size)) for seq, size in enumerate(sizes))


@pytest.mark.parametrize(
    ("sizes", "cut"),
    [
        ((4, 4), 1),
        ((1, 1, 10), 2),  # no more than half on the left, and as much of it as batches allow
        ((10, 1, 1), 1),
        ((2, 2, 2, 2), 2),
        ((1, 2, 3, 4, 5), 3),
    ],
)
def test_about_half_of_the_rows_each(sizes, cut):
    """Between batches, nearest below the middle; a first one that is larger than half stands alone."""
    whole = group(*sizes)
    left, right = halves(whole)
    assert (left, right) == (whole[:cut], whole[cut:])


def test_one_batch_is_cut_in_its_middle():
    """Where only one is left, its rows are divided, and each half knows where it began."""
    left, right = halves(group(5))
    assert [(part.start, len(part.batch), part.whole) for part in (*left, *right)] == [
        (0, 2, False), (2, 3, False),
    ]  # fmt: skip
    (first,), (second,) = halves(right)
    assert (first.start, second.start) == (2, 3)
    assert rows(left) + rows(right) == 5
