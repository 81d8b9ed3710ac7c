"""Asks before something is done that cannot be undone."""

from __future__ import annotations

import sys

import typer

from orbital_sentinel.errors import Misuse
from orbital_sentinel.terminal.output import say


def confirm(question: str, otherwise: str) -> None:
    """Go on only after a yes.

    Args:
        question: With all that a person has to know.
        otherwise: What to say after a no.

    Raises:
        Misuse: Nobody is at the terminal.
    """
    if not sys.stdin.isatty():
        raise Misuse(f"{question} Nobody is here to answer; say --yes to go on")
    if not typer.confirm(question):
        say(otherwise)
        raise typer.Exit
