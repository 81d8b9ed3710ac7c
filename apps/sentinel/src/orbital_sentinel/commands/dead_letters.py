"""`sentinel buffer dead-letters ...`: samples that a destination refused for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from orbital_sentinel.commands import completion
from orbital_sentinel.commands.options import ConfigFile  # noqa: TC001 (typer reads annotations when it runs)
from orbital_sentinel.terminal.output import Format, as_json, say

if TYPE_CHECKING:
    from pathlib import Path

app = typer.Typer(help="Samples that a destination refused for good.", no_args_is_help=True)

Name = Annotated[
    str,
    typer.Option(
        "--output",
        metavar="NAME",
        help="Only those of this output.",
        autocompletion=completion.outputs,
    ),
]
Age = Annotated[
    str,
    typer.Option(metavar="DURATION", help="Only those refused longer ago than this, as in 2h."),
]
_SHAPE = "Text for people, or JSON for programs."
Shape = Annotated[Format, typer.Option("--output-format", help=_SHAPE)]
"""The format option where `--output` is the name of an output."""
Limit = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="At most this many, the oldest first.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@app.callback()
def _group() -> None:  # pyright: ignore[reportUnusedFunction] (typer calls it)
    """Samples that a destination refused for good: list, show, replay or purge them."""


@app.command("list")
def list_letters(
    *,
    config: ConfigFile = None,
    output: Name = "",
    older_than: Age = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most this many.")] = 50,
    output_format: Shape = Format.TEXT,
) -> None:
    """List them, the newest first."""
    from orbital_sentinel.buffer.dead_letters import Selection, dead_letters
    from orbital_sentinel.terminal import dead_letter_report

    chosen = Selection(output, older_than, limit)
    with dead_letters(config) as letters:
        told = letters.list(chosen)
    if output_format is Format.JSON:
        as_json(told)
    else:
        dead_letter_report.listed(told, chosen.which)


@app.command()
def show(
    letter: Annotated[str, typer.Argument(metavar="ID", help="Id, as `list` shows it: 3-17.")],
    *,
    config: ConfigFile = None,
    output: Annotated[
        Format, typer.Option("--output", "--output-format", help=_SHAPE)
    ] = Format.TEXT,
) -> None:
    """Show one with all of its labels and the destination's message."""
    from orbital_sentinel.buffer.dead_letters import dead_letters
    from orbital_sentinel.terminal import dead_letter_report

    with dead_letters(config) as letters:
        told = letters.show(letter)
    if output is Format.JSON:
        as_json(told)
    else:
        dead_letter_report.one(told)


@app.command()
def replay(
    *,
    config: ConfigFile = None,
    output: Name = "",
    older_than: Age = "",
    limit: Limit = None,
    yes: Yes = False,
) -> None:
    """Deliver them again, each to its own output and with its own time.

    They are dead letters no longer, wait like any other sample, and count as accepted once more. What the
    destination refuses again becomes a dead letter again.
    """
    _change(
        config, output, older_than, limit, yes=yes, change="replay",
        fate="will be sent again", nothing="Nothing was replayed.",
        done="Replayed {}, waiting to be delivered.",
    )  # fmt: skip


@app.command()
def purge(
    *,
    config: ConfigFile = None,
    output: Name = "",
    older_than: Age = "",
    limit: Limit = None,
    yes: Yes = False,
) -> None:
    """Delete them. They are counted as `purged`."""
    _change(
        config, output, older_than, limit, yes=yes, change="purge",
        fate="will be lost", nothing="Nothing was thrown away.", done="Threw away {}.",
    )  # fmt: skip


def _change(
    config: Path | None,
    output: str,
    older_than: str,
    limit: int | None,
    *,
    yes: bool,
    change: Literal["replay", "purge"],
    fate: str,
    nothing: str,
    done: str,
) -> None:
    """Count, confirm and execute a change; `done` is the message with a placeholder for the number."""
    from orbital_sdk.text import plural
    from orbital_sentinel.buffer.dead_letters import Selection, dead_letters
    from orbital_sentinel.terminal.confirm import confirm

    chosen = Selection(output, older_than, limit)
    with dead_letters(config) as letters:
        count = letters.count(chosen)
        if not count:
            say(f"There are no dead letters{chosen.which}.")
            return
        if not yes:
            confirm(f"{plural(count, 'dead letter')}{chosen.which} {fate}. Go on?", nothing)
        changed = letters.replay(chosen) if change == "replay" else letters.purge(chosen)
    say(done.format(plural(changed, "dead letter")))
