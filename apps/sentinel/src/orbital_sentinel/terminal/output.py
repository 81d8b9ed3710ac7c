"""Output of commands: formatted on a terminal, plain and stable in a pipe, or JSON."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TextIO

import typer

if TYPE_CHECKING:
    from rich.console import Console

LABEL: Final = 15
"""Characters of the name of a pair."""


class Format(StrEnum):
    """The output format of a command."""

    TEXT = "text"
    JSON = "json"


def say(text: str = "") -> None:
    """Print a line on stdout, as it is."""
    typer.echo(text)


def sentence(text: str, style: str = "", *, indent: int = 0) -> None:
    """Print a sentence on stdout. A terminal gets it in lines that end between words.

    Args:
        text: The sentence.
        style: Of all of it, as `rich` names styles; only on a terminal.
        indent: Columns that further lines are indented by.
    """
    if on_terminal():
        wrapped(terminal(), text, style, indent)
    else:
        typer.echo(text)


def complain(text: str) -> None:
    """Print a sentence on stderr; `error:` and `warning:` are coloured on a terminal."""
    kind = text.partition(":")[0]
    if sys.stderr.isatty() and "\n" not in text:
        wrapped(terminal(sys.stderr), text, _KINDS.get(kind, ""), 2, until=len(kind) + 1)
    else:
        typer.echo(text, err=True)


_KINDS: Final = {"error": "bold red", "warning": "yellow", "note": "cyan"}


def pair(name: str, value: str) -> None:
    """Print a name and its value."""
    text = f"{name + ':':<{LABEL}}{value}"
    if on_terminal():
        wrapped(terminal(), text, "bold", LABEL, until=len(name) + 1)
    else:
        typer.echo(text)


def on_terminal() -> bool:
    """Whether stdout is a terminal."""
    return sys.stdout.isatty()


def terminal(stream: TextIO | None = None) -> Console:
    """The terminal of a stream, stdout if left out, which prints texts of others as they are.

    Colours are left out if `NO_COLOR` is set.
    """
    from rich.console import Console

    return Console(file=stream or sys.stdout, markup=False, emoji=False, highlight=False)


def wrapped(
    console: Console, text: str, style: str, indent: int, *, until: int | None = None
) -> None:
    """Print lines that end between words, the first `until` characters (all if left out) in a style."""
    from rich.text import Text

    whole = Text(text)
    whole.stylize(style, 0, until)
    first, *others = whole.wrap(console, console.width) or [whole]
    rest = Text(text[len(first.plain) :].lstrip(), "" if until else style)
    lines = [first, *(rest.wrap(console, console.width - indent) if others else ())]
    for place, line in enumerate(lines):
        line.rstrip()
        console.print(Text(" " * indent if place else "") + line, soft_wrap=True)


def as_json(data: object) -> None:
    """Print one JSON document; keys and their order are part of the interface."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False, default=str))


def as_json_line(data: object) -> None:
    """Print one JSON document on one line."""
    typer.echo(json.dumps(data, ensure_ascii=False, default=str))
