"""Checks that this process can get the threads and the memory that an agent needs.

Native libraries end the process without a message if they get none, so it is tried before they start.
"""

from __future__ import annotations

import mmap
import resource
import threading
from typing import Final

from orbital_sentinel.errors import NO_MEMORY, NO_THREADS, Failure

THREADS: Final = 24
"""Number of threads: an idle agent has about ten, and the database starts more while it opens."""
MEMORY: Final = 64 << 20
"""Bytes of address space in addition to what is in use, and to the threads' stacks."""
STACK: Final = 8 << 20
LARGEST: Final = 64 << 20
"""Largest plausible stack size, in bytes."""


def check() -> None:
    """Allocate both for a moment.

    Raises:
        Failure: One of them is not available.
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
        raise Failure(NO_MEMORY if bounded else NO_THREADS) from error  # a thread needs both
    finally:
        done.set()
        for thread in threads:
            if thread.ident is not None:
                thread.join()
