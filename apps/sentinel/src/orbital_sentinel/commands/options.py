"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from orbital_runtime.model import Status
from orbital_sentinel.terminal.output import Format

STATUSES: Final = (*map(str, Status), "unusable")
"""What a task can be."""

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        readable=False,  # the settings say what is wrong with a file, and with which exit code
        help="Configuration file. Left out: ./config.yaml, then the user's, then the system's.",
    ),
]
Output = Annotated[Format, typer.Option("--output", help="Text for people, or JSON for programs.")]
