"""The unit, as it is for one machine."""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path
from typing import Final

from orbital_sentinel.errors import Failure

NAME: Final = "orbital-sentinel"
"""Of the service and its user."""
PROGRAM: Final = "/usr/local/bin/sentinel"
"""The program of the unit that ships."""
HIDDEN: Final = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108 (named, not used)
"""What the unit does not see: ProtectHome and PrivateTmp."""


def shipped(ending: str) -> str:
    """A file that ships: `service` or `sysusers.conf`."""
    return (files("orbital_sentinel.service") / f"{NAME}.{ending}").read_text("utf-8")


def program() -> Path:
    """This program's `sentinel`, beside the interpreter that runs it."""
    return Path(sys.executable).with_name("sentinel")


def unit(sentinel: Path, config: Path | None = None) -> str:
    """The unit that ships, with this program, and a configuration other than the system's."""
    words = [str(sentinel), "start", *(("--config", str(config)) if config else ())]
    line = " ".join(map(_quoted, words))
    return shipped("service").replace(f"ExecStart={PROGRAM} start", f"ExecStart={line}")


def check_visible(*paths: Path) -> None:
    """Check that the service will see these files.

    Raises:
        Failure: One is in a home folder, or in a folder for temporary files.
    """
    for path in paths:
        for hidden in HIDDEN:
            if path.absolute().is_relative_to(hidden) or path.resolve().is_relative_to(hidden):
                raise Failure(
                    f"{path} is in {hidden} ({path.resolve()}), which the service does not see; "
                    "install where it does, such as /opt, with the system's Python (deploy/README.md)"
                )


def _quoted(word: str) -> str:
    """A word of a command line (systemd.service(5), "Command lines")."""
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{text}"' if set(text) & set(" \t\"'\\;") else text
