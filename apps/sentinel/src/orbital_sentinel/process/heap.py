"""Tells glibc's allocator that large buffers come and go all day.

A request of some megabytes is built and freed for every delivery. By default glibc gives that memory back to
the system each time, and the page faults of fetching it again cost more than the encoding (mallopt(3)).
"""

from __future__ import annotations

import ctypes
import sys
from typing import Final

M_TRIM_THRESHOLD: Final = -1
M_MMAP_THRESHOLD: Final = -3
LARGEST_FROM_HEAP: Final = 32 << 20
"""Bytes; glibc takes no more."""
KEPT: Final = 64 << 20
"""Bytes of free memory that are kept for the next request."""


def keep() -> bool:
    """Keep freed memory for reuse. Gives whether the allocator understood; others are left alone."""
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    done = mallopt(M_MMAP_THRESHOLD, LARGEST_FROM_HEAP), mallopt(M_TRIM_THRESHOLD, KEPT)
    return all(done)
