"""Asks for confirmation of irreversible actions."""

from __future__ import annotations

import sys

import typer

from orbital_sentinel.errors import Misuse
from orbital_sentinel.terminal.output import say


def confirm(question: str, otherwise: str) -> None:
    """Return only after a yes.

    Args:
        question: The question, with all that the user has to know.
        otherwise: The message after a no.

    Raises:
        Misuse: Standard input is not a terminal.
    """
    if not sys.stdin.isatty():
        raise Misuse(f"{question} Nobody is here to answer; say --yes to go on")
    if not typer.confirm(question):
        say(otherwise)
        raise typer.Exit
