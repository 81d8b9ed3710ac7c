"""Prints tables: plain columns in a pipe; on a terminal fitted to its width."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orbital_sentinel.terminal.output import on_terminal, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    spare: Sequence[str] = (),
    below: Sequence[str] = (),
) -> None:
    """Print a table. Numbers are right-aligned.

    Args:
        columns: Their heads.
        rows: A value for each column.
        spare: Columns that a terminal too narrow for all goes without, the first one first.
        below: Columns of long texts: on a terminal each text has lines of its own below its row.
    """
    cells = [["" if c is None else " ".join(str(c).split()) for c in row] for row in rows]
    right = [all(_is_number(row[i]) for row in cells) for i in range(len(columns))]
    if on_terminal():
        from orbital_sentinel.terminal.fitted import Column, show

        values = zip(*cells, strict=True) if cells else [()] * len(columns)
        found = [Column(*one) for one in zip(columns, values, right, strict=True)]
        show(found, spare, below)
    else:
        _plain(columns, cells, right)


def _plain(columns: Sequence[str], cells: list[list[str]], right: list[bool]) -> None:
    widths = [max(len(c) for c in column) for column in zip(columns, *cells, strict=True)]
    for row in [[c.upper() for c in columns], *cells]:
        padded = [
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, right, strict=True)
        ]
        say("  ".join(padded).rstrip())


def _is_number(cell: str) -> bool:
    return (
        not cell or cell.replace(".", "", 1).replace(",", "").lstrip("-").rstrip("%s").isdecimal()
    )
