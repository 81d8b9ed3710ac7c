"""What a program that the agent starts may take."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from orbital_sdk import launcher

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process may take; 0: as much as the agent."""

    memory: int = 0
    """Bytes of writable memory (RLIMIT_DATA)."""
    cpu: int = 0
    """Seconds of CPU in its life (RLIMIT_CPU)."""
    files: int = 0
    """Open files (RLIMIT_NOFILE)."""
    tasks: int = 0
    """Processes and threads (RLIMIT_NPROC), beyond those of its user at its start. Not for root."""

    def command(self, arguments: Iterable[str]) -> tuple[str, ...]:
        """What starts the program of these arguments under these limits; it ends with this process."""
        given = json.dumps(asdict(self) | {"parent": os.getpid()})
        return sys.executable, "-I", "-S", launcher.__file__, given, *arguments
