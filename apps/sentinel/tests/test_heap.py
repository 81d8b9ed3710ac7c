"""The allocator's settings."""

from __future__ import annotations

import platform
import sys

from orbital_sentinel.process import heap


def test_glibc_takes_the_settings():
    """With glibc both settings are taken; elsewhere nothing happens and nothing breaks."""
    is_glibc = sys.platform == "linux" and platform.libc_ver()[0] == "glibc"
    assert heap.keep() is is_glibc
