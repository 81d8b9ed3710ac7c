"""A table that fits a terminal: no word is broken, and columns that matter least are left out first."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.cells import cell_len
from rich.text import Text

from orbital_sentinel.terminal.output import terminal, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

GAP: Final = 2
"""Columns of space between two columns of the table."""
WHOLE: Final = 16
"""Cells up to this width stay on one line."""
STATES: Final = {"state", "status", "result"}
"""Columns whose cells are coloured by their first word."""
STYLES: Final = {
    "ok": "green", "success": "green", "delivering": "green", "closed": "green", "attached": "green",
    "failed": "bold red", "failing": "bold red", "broken": "bold red", "paused": "bold red",
    "unusable": "bold red", "open": "yellow", "orphaned": "yellow", "warning": "yellow",
    "partial": "yellow", "removed": "dim", "pending": "dim", "waiting": "dim", "running": "cyan",
}  # fmt: skip


class Column(NamedTuple):
    """A column with its cells."""

    head: str
    cells: Sequence[str]
    right: bool
    """Whether it is right-aligned."""

    @property
    def natural(self) -> int:
        """Width of its widest cell."""
        return max(map(cell_len, (self.head, *self.cells)))

    @property
    def least(self) -> int:
        """The smallest width that breaks no word."""
        if self.natural <= WHOLE:
            return self.natural
        return max(cell_len(word) for cell in (self.head, *self.cells) for word in cell.split())

    def style(self, cell: str) -> str:
        """How a cell is shown."""
        return STYLES.get(cell.split(",", maxsplit=1)[0], "") if self.head in STATES else ""


def show(columns: Sequence[Column], spare: Sequence[str], below: Sequence[str]) -> None:
    """Print the table; the arguments are those of `table`."""
    console = terminal()
    beside = [one for one in columns if one.head not in below]
    shown = list(fit(beside, console.width, spare))
    _line(console, [(Text(one.head, "bold"), one, width) for one, width in shown])
    console.print(Text("─" * (sum(w for _, w in shown) + GAP * (len(shown) - 1)), "dim"))
    under = [one for one in columns if one.head in below]
    for place in range(len(columns[0].cells)):
        cells = [(one.cells[place], one, width) for one, width in shown]
        _line(console, [(Text(c, one.style(c)), one, width) for c, one, width in cells])
        for one in under:
            if text := one.cells[place]:
                wrapped(console, f"  {text}", "red" if one.head == "error" else "dim", 2)


def fit(
    columns: Sequence[Column], width: int, spare: Sequence[str]
) -> Iterator[tuple[Column, int]]:
    """The columns that a width has room for, and their widths.

    Args:
        columns: All columns.
        width: Of the terminal.
        spare: Columns that may be left out, the first one first.
    """
    shown, leaving = list(columns), list(spare)
    while leaving and sum(one.least for one in shown) + GAP * (len(shown) - 1) > width:
        gone = leaving.pop(0)
        shown = [one for one in shown if one.head != gone]
    room = width - GAP * (len(shown) - 1)
    return zip(shown, _widths(shown, room), strict=True)


def _widths(columns: Sequence[Column], room: int) -> list[int]:
    """Each column gets its least width, and its natural one if that fits, the smallest wish first. If even
    the least ones do not fit, the widest are cut.
    """
    widths = [one.least for one in columns]
    while sum(widths) > room and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    wishes = sorted(range(len(columns)), key=lambda at: columns[at].natural - widths[at])
    for at in wishes:
        left = room - sum(widths)
        widths[at] += max(0, min(left, columns[at].natural - widths[at]))
    return widths


def _line(console: Console, cells: Sequence[tuple[Text, Column, int]]) -> None:
    """Print one row, on as many lines as its highest cell needs."""
    wraps = [text.wrap(console, width, overflow="ellipsis") for text, _, width in cells]
    for pieces in zip_longest(*wraps, fillvalue=Text()):
        line = Text()
        for piece, (_, column, width) in zip(pieces, cells, strict=True):
            line.append(" " * GAP if line.plain else "")
            line.append_text(_padded(piece, width, right=column.right))
        line.rstrip()
        console.print(line, soft_wrap=True)


def _padded(piece: Text, width: int, *, right: bool) -> Text:
    piece = piece.copy()
    piece.rstrip()
    room = width - piece.cell_len
    piece.pad_left(room) if right else piece.pad_right(room)
    return piece
