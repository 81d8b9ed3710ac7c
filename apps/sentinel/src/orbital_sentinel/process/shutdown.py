"""Ends the process within a limited time: the interpreter itself would wait for threads without limit."""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import Final

PATIENCE: Final = 1.0
"""Seconds that busy threads get to end."""

left_behind: list[object] = []
"""Abandoned objects, kept here because finalizing them would block the exit."""


def leave(code: int, before: set[threading.Thread]) -> int:
    """Return the exit code if the process can end normally; otherwise end it here.

    Args:
        code: The exit code.
        before: Threads that existed before; they are ignored.
    """
    threads = [t for t in threading.enumerate() if not t.daemon and t not in before]
    for thread in threads:
        thread.join(PATIENCE / len(threads))
    if left_behind or any(thread.is_alive() for thread in threads):
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code
