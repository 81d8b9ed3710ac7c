"""A network of the benchmark's own: servers that are started in it see its interfaces, and no others."""

from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path

CLONE_NEWNET = 0x40000000


def interfaces(count: int) -> int:
    """Move this process into a new network namespace with so many interfaces, the loopback one included.

    Returns:
        How many there are. Without root nothing is moved, and it is as many as the machine has.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() == 0 and libc.unshare(CLONE_NEWNET) == 0:
        _ip("link", "set", "lo", "up")
        for number in range(1, count):
            _ip("link", "add", f"port{number}", "type", "bridge")
    return len(list(Path("/proc/self/net/dev_snmp6").glob("*"))) or count


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
