"""`sentinel version`."""

from __future__ import annotations

from orbital_sentinel import versions
from orbital_sentinel.commands.options import Output  # noqa: TC001 (typer reads annotations when it runs)
from orbital_sentinel.terminal.output import Format, as_json, say


def version(*, output: Output = Format.TEXT) -> None:
    """Show the version."""
    if output is Format.JSON:
        as_json(versions.about())
    else:
        say(versions.sentence())
