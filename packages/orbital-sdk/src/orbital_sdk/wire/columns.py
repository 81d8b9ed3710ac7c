"""Columns of numbers as bytes: eight for each, little endian on every machine."""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T", int, float)

Order = Literal["little", "big"]


class Malformed(ValueError):  # noqa: N818 (reads as what happened, as the SDK's own)
    """What came is not a message of this contract, and the connection cannot go on. Says what is wrong."""


def doubles(values: Iterable[float], order: Order = sys.byteorder) -> bytes:
    """Values as they cross.

    Raises:
        TypeError, OverflowError: One of them is not a number, or none that a double holds.
    """
    return _bytes(array("d", values), order)


def integers(values: Iterable[int], order: Order = sys.byteorder) -> bytes:
    """Times as they cross; raises as `doubles` does."""
    return _bytes(array("q", values), order)


def as_doubles(data: bytes, rows: int, order: Order = sys.byteorder) -> array[float]:
    """The column that crossed.

    Raises:
        Malformed: It has not so many values.
    """
    return _array(array("d"), data, rows, order)


def as_integers(data: bytes, rows: int, order: Order = sys.byteorder) -> array[int]:
    """Likewise of times."""
    return _array(array("q"), data, rows, order)


def _bytes(column: array[T], order: Order) -> bytes:
    if order == "big":
        column.byteswap()
    return column.tobytes()


def _array(column: array[T], data: bytes, rows: int, order: Order) -> array[T]:
    if len(data) != 8 * rows:
        raise Malformed(f"a column has {len(data)} bytes, and 8 for each of {rows} rows are due")
    column.frombytes(data)
    if order == "big":
        column.byteswap()
    return column
