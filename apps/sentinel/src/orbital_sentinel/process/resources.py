"""Whether this process may have the threads and the memory that an agent takes.

Native libraries end the process without a word where they get none, so it is tried out before they start.
"""

from __future__ import annotations

import mmap
import resource
import threading
from typing import Final

from orbital_sentinel.errors import NO_MEMORY, NO_THREADS, Failure

THREADS: Final = 24
"""An idle agent has about ten, and the database starts some more while it opens."""
MEMORY: Final = 64 << 20
"""Bytes of addresses beside what is there already, and the threads' stacks."""
STACK: Final = 8 << 20
LARGEST: Final = 64 << 20
"""Bytes of a stack that somebody may have meant."""


def check() -> None:
    """Take both for a moment.

    Raises:
        Failure: One of them cannot be had.
    """
    stack = resource.getrlimit(resource.RLIMIT_STACK)[0]
    size = MEMORY + THREADS * (stack if 0 < stack < LARGEST else STACK)
    try:
        mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ).close()
    except (OSError, MemoryError) as error:
        raise Failure(NO_MEMORY) from error
    done = threading.Event()
    threads = [threading.Thread(target=done.wait, daemon=True) for _ in range(THREADS)]
    try:
        for thread in threads:
            thread.start()
    except RuntimeError as error:
        bounded = resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY
        raise Failure(NO_MEMORY if bounded else NO_THREADS) from error  # a thread wants both
    finally:
        done.set()
        for thread in threads:
            if thread.ident is not None:
                thread.join()
