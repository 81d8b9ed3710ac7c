"""The end of the process. The interpreter would wait for threads without limit, and we promised to end."""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import Final

PATIENCE: Final = 1.0
"""Seconds that busy threads get."""

left_behind: list[object] = []
"""What was given up, and would keep the process if anybody tidied up."""


def leave(code: int, before: set[threading.Thread]) -> int:
    """The exit code, if the process can end by itself; otherwise end it here.

    Args:
        code: The exit code.
        before: Threads that were there before, which are none of our business.
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
