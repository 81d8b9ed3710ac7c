"""Text output of `sentinel buffer dead-letters`."""

from __future__ import annotations

from typing import Any

from orbital_sdk.text import plural
from orbital_sentinel.terminal.output import pair, say
from orbital_sentinel.terminal.table import table
from orbital_sentinel.terminal.wording import ago, number, when

View = dict[str, Any]


def listed(told: View, which: str) -> None:
    """Print a line for each dead letter, and the total.

    Args:
        told: The dead letters.
        which: The selection, as text that follows `dead letters`.
    """
    letters = told["letters"]
    if not letters:
        say(f"There are no dead letters{which}.")
        return
    columns = ("id", "output", "refused", "series", "value", "time", "reason")
    rows = [_line(letter) for letter in letters]
    table(columns, rows, spare=("time", "output"), below=("series", "reason"))
    say()
    more = told["total"] - len(letters)
    say(plural(told["total"], "dead letter") + (f", {number(more)} not listed" if more else ""))


def one(told: View) -> None:
    """Print all of one dead letter."""
    pair("dead letter", told["id"])
    pair("output", told["output"])
    pair("refused", f"{when(told['refused_ms'])} ({ago(told['refused_ms'])})")
    pair("reason", told["reason"])
    pair("series", _series(told))
    pair("value", f"{told['value']} {told['unit']}".rstrip())
    pair("time", when(told["timestamp_ms"]))
    pair("kind", told["kind"])
    pair("task", f"{told['task']} ({told['plugin']})")
    pair("device", f"{told['device']} ({told['target']})" if told["target"] else told["device"])


def _line(letter: View) -> tuple[object, ...]:
    return (
        letter["id"], letter["output"], ago(letter["refused_ms"]), _series(letter),
        letter["value"], when(letter["timestamp_ms"]), letter["reason"],
    )  # fmt: skip


def _series(letter: View) -> str:
    labels = ", ".join(f'{name}="{value}"' for name, value in letter["labels"].items())
    return f"{letter['name']}{{{labels}}}"
