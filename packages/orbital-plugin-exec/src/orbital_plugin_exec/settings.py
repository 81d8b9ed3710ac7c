"""Settings of a program: how it is started, how its output is read."""

from __future__ import annotations

import shlex
from pathlib import Path  # noqa: TC003 (pydantic reads the annotations)
from typing import Annotated, Final, Literal, cast

from pydantic import BeforeValidator, Field, SecretStr

from orbital_sdk import ByteSize, Duration  # noqa: TC001 (pydantic reads the annotations)
from orbital_sdk.fields import Fields

FormatName = Literal["influx", "prometheus", "json", "nagios"]
StreamFormatName = Literal["influx", "json"]

VARIABLE: Final = r"^[A-Za-z_][A-Za-z0-9_]*$"


def _words(value: object) -> object:
    """A line is split as a shell would, without anything else that a shell does."""
    return shlex.split(value) if isinstance(value, str) else value


def _text(value: object) -> object:
    """YAML's numbers; booleans are left to the user, who means `1`, `true` or `True`."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(cast("object", value)) if is_number else value


Argument = Annotated[str, BeforeValidator(_text), Field(pattern=r"^[^\x00]*$", max_length=65_536)]
Words = Annotated[
    tuple[Argument, ...], BeforeValidator(_words), Field(min_length=1, max_length=1000)
]
Environment = dict[
    Annotated[str, Field(pattern=VARIABLE, max_length=200)],
    Annotated[SecretStr, BeforeValidator(_text), Field(max_length=100_000)],
]


class ProgramFields(Fields):
    """How a program is started."""

    command: Words
    """Program and arguments: a list, or a line that is split like a shell command. No shell runs unless you
    name one, as in `[sh, -c, "…"]`. Arguments are visible to all users of the machine: secrets belong in
    `environment`."""
    environment: Environment = Field(default_factory=dict[str, SecretStr])
    """Environment variables. Of the agent's own the program gets `PATH`, `HOME`, `USER`, `LANG`, `LC_*`,
    `TZ` and `TMPDIR`."""
    memory: ByteSize = Field(default=0, ge=0)
    """Writable memory of each process of it, on Linux; 0: no limit. What is allocated beyond that fails.
    Programs that become another user (setuid) have none."""


class WorkingFolder(Fields):
    """Where it runs."""

    folder: Path | None = None
    """Working directory; a relative path of the program starts there."""


class LineFields(Fields):
    """Limits of a line."""

    max_line: ByteSize = Field(default=64 << 10, ge=256, le=16 << 20)
    """Size of a line; longer ones are left out and counted."""


class RunFields(LineFields):
    """How the output of one run is read."""

    format: FormatName = "influx"
    """`influx`: line protocol. `prometheus`: text format. `json`: an object a line. `nagios`: the exit
    status and performance data of a Nagios plugin."""
    timeout: Duration | None = Field(default=None, gt=0)
    """Time limit of the program. Left out, it may use the task's timeout."""
    max_output: ByteSize = Field(default=16 << 20, ge=1024, le=1 << 30)
    """Size of the output of one run; a program that prints more is killed, and what it printed until then
    is kept."""


class StreamFields(LineFields):
    """How the output of a program that is kept running is read."""

    format: StreamFormatName = "influx"
    """`influx`: line protocol. `json`: an object a line. The text format is for programs that end."""
    signal: Literal["newline", "none"] = "newline"
    """`newline`: a newline on its standard input at every interval asks for metrics. `none`: it prints when
    it wants."""
