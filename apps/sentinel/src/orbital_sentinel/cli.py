"""The way in: `sentinel`."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the answer is the process' exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given in (["version"], ["--version"]):  # scripts ask often: without the weight of the rest
        from orbital_sentinel.versions import sentence

        sys.stdout.write(f"{sentence()}\n")
        return 0
    from orbital_sentinel import edge, ending
    from orbital_sentinel.app import app

    before = set(threading.enumerate())
    return ending.leave(edge.run(lambda: app(args=given, prog_name="sentinel")), before)
