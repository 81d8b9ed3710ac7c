"""Where uv is: the one that runs this command, or the one on the PATH."""

from __future__ import annotations

import os
import shutil


class NoUv(LookupError):  # noqa: N818 (reads as what happened)
    """There is no uv."""


def find_uv() -> str:
    """The path of the command; `uv run` names itself in `UV`.

    Raises:
        NoUv: There is none.
    """
    found = os.environ.get("UV") or shutil.which("uv")
    if not found:
        raise NoUv("uv is not on the PATH; start this by `uv run orbital-dev`")
    return found
