"""`sentinel support-bundle`: all that somebody who helps needs to see, in one file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from orbital_sentinel.commands.options import ConfigFile  # noqa: TC001 (typer reads annotations when it runs)
from orbital_sentinel.terminal.output import sentence
from orbital_sentinel.terminal.progress import progress
from orbital_sentinel.terminal.table import table
from orbital_sentinel.terminal.wording import size


def support_bundle(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE", help="Where to write it. Left out: sentinel-support-TIME.tar.gz here."
        ),
    ] = None,
    *,
    config: ConfigFile = None,
) -> None:
    """Collect status, configuration, logs, versions and the ledger in one file, without secrets.

    It works without a running sentinel, too. The file is for whoever helps you; nothing is sent.
    """
    from orbital_sentinel.support.archive import write_archive
    from orbital_sentinel.support.contents import contents

    path = path or Path(time.strftime("sentinel-support-%Y%m%dT%H%M%S.tar.gz"))
    with progress("") as line:
        listed = write_archive(path, contents(config, line.trying))
    table(("file", "size"), [(name, size(count)) for name, count in listed])
    sentence(
        f"Wrote {path} ({size(path.stat().st_size)}). Known secrets are replaced by ***; names, addresses and"
        " labels are not: look into it before you send it."
    )
