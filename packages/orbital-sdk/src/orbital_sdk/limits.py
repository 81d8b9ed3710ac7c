"""What a program that the agent starts may take, and as whom it runs."""

from __future__ import annotations

import json
import os
import pwd
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from orbital_sdk import launcher
from orbital_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pwd import struct_passwd


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
    user: str = ""
    """Name of the user that it becomes, which takes root; empty: that of the agent."""

    def owner(self) -> struct_passwd | None:
        """The user that it becomes; None for that of the agent.

        Raises:
            ConfigurationError: There is no such user, or this process may not become another one.
        """
        if not self.user:
            return None
        try:
            owner = pwd.getpwnam(self.user)
        except KeyError:
            raise ConfigurationError(f"there is no user {self.user!r}", field="user") from None
        if os.geteuid() not in (0, owner.pw_uid):
            raise ConfigurationError(
                f"only root starts processes of another user ({self.user})", field="user"
            )
        return owner

    def command(self, arguments: Iterable[str]) -> tuple[str, ...]:
        """What starts the program of these arguments under these limits; it ends with this process."""
        given = json.dumps(asdict(self) | {"parent": os.getpid()})
        return sys.executable, "-I", "-S", launcher.__file__, given, *arguments
