"""Configures glibc's allocator for frequent allocations of large buffers.

A request of some megabytes is built and freed for every delivery. By default glibc returns that memory to the
system each time, and the page faults of the next allocation cost more than the encoding (mallopt(3)).
"""

from __future__ import annotations

import ctypes
import sys
from typing import Final

M_TRIM_THRESHOLD: Final = -1
M_MMAP_THRESHOLD: Final = -3
LARGEST_FROM_HEAP: Final = 32 << 20
"""Largest allocation from the heap, in bytes; the maximum that glibc allows."""
KEPT: Final = 64 << 20
"""Bytes of free memory kept for the next request."""


def keep() -> bool:
    """Keep freed memory for reuse. Returns whether the allocator supports it."""
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    done = mallopt(M_MMAP_THRESHOLD, LARGEST_FROM_HEAP), mallopt(M_TRIM_THRESHOLD, KEPT)
    return all(done)
