"""Raises the limit of open files of this process.

Shells and container managers set 1,024 by default, for programs that use select(2). This program does not
use it, and needs a descriptor for each device, destination and API request in progress.
"""

from __future__ import annotations

import resource
from contextlib import suppress
from typing import Final

ENOUGH: Final = 65_536


def allow() -> int:
    """Raise the soft limit to the hard limit, up to a sensible maximum. Returns the resulting limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(ENOUGH, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # macOS has an additional limit
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
