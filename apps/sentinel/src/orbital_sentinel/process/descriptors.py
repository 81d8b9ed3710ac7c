"""As many open files as this process may have.

Shells and container managers give 1,024 by default, for programs that use select(2). We do not, and each
device, destination and page in flight takes one.
"""

from __future__ import annotations

import resource
from contextlib import suppress
from typing import Final

ENOUGH: Final = 65_536


def allow() -> int:
    """Raise the soft limit to the hard one, and to no more than makes sense; gives what holds then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(ENOUGH, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # macOS has a limit of its own
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
