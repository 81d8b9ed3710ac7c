"""The entry point of `sentinel`."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code of the process."""
    from orbital_sentinel import exit_status
    from orbital_sentinel.process import shutdown, streams

    streams.take_places()
    before = set(threading.enumerate())
    given = sys.argv[1:] if arguments is None else list(arguments)
    return shutdown.leave(exit_status.run(lambda: _command(given)), before)


def _command(given: list[str]) -> None:
    if given in (["version"], ["--version"]):  # scripts call this often: skip slow imports
        from orbital_sentinel.versions import sentence

        sys.stdout.write(f"{sentence()}\n")
        return
    from orbital_sentinel.app import app

    app(args=given, prog_name="sentinel")
