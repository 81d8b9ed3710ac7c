"""Versions of the program and its environment."""

from __future__ import annotations

import platform
from importlib.metadata import version


def about() -> dict[str, str]:
    """Versions of the program, its packages and Python."""
    return {
        "version": version("orbital-sentinel"),
        "runtime": version("orbital-runtime"),
        "sdk": version("orbital-sdk"),
        "python": platform.python_version(),
    }


def sentence() -> str:
    """The versions on one line."""
    text = "orbital-sentinel {version} (runtime {runtime}, sdk {sdk}, Python {python})"
    return text.format_map(about())
