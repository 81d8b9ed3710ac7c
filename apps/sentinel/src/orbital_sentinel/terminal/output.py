"""Output of commands: formatted on a terminal, plain and stable in a pipe, or JSON."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence


class Format(StrEnum):
    """The output format of a command."""

    TEXT = "text"
    JSON = "json"


def say(text: str = "") -> None:
    """Print a line on stdout."""
    typer.echo(text)


def complain(text: str) -> None:
    """Print a line on stderr."""
    typer.echo(text, err=True)


def on_terminal() -> bool:
    """Whether stdout is a terminal."""
    return sys.stdout.isatty()


def as_json(data: object) -> None:
    """Print one JSON document; keys and their order are part of the interface."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False, default=str))


def as_json_line(data: object) -> None:
    """Print one JSON document on one line."""
    typer.echo(json.dumps(data, ensure_ascii=False, default=str))


@contextmanager
def progress(what: str, total: int) -> Generator[Callable[[int], None]]:
    """Show a progress bar on a terminal if `total` is more than one; nothing in a pipe.

    Yields a function to call with the number done so far.
    """
    if total < 2 or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        line = bar.add_task(what, total=total)
        yield lambda done: bar.advance(line, done)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table: plain columns in a pipe, drawn on a terminal. Numbers are right-aligned."""
    cells = [["" if c is None else " ".join(str(c).split()) for c in row] for row in rows]
    right = [all(_is_number(row[i]) for row in cells) for i in range(len(columns))]
    if on_terminal():
        _drawn(columns, cells, right)
        return
    widths = [max(len(c) for c in column) for column in zip(columns, *cells, strict=True)]
    for row in [[c.upper() for c in columns], *cells]:
        padded = [
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, right, strict=True)
        ]
        typer.echo("  ".join(padded).rstrip())


def _drawn(columns: Sequence[str], cells: list[list[str]], right: list[bool]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column, number in zip(columns, right, strict=True):
        drawn.add_column(column, justify="right" if number else "left", overflow="fold")
    for row in cells:
        drawn.add_row(*[Text(cell, style=_STYLES.get(cell, "")) for cell in row])
    Console().print(drawn)


_STYLES = {
    "ok": "green", "success": "green", "delivering": "green", "closed": "green",
    "failed": "bold red", "broken": "bold red", "paused": "bold red", "open": "yellow",
    "attached": "green", "orphaned": "yellow", "removed": "dim", "warning": "yellow",
    "pending": "dim", "running": "cyan",
}  # fmt: skip


def _is_number(cell: str) -> bool:
    return (
        not cell or cell.replace(".", "", 1).replace(",", "").lstrip("-").rstrip("%s").isdecimal()
    )
