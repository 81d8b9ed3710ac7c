"""Where uv is: the one that runs this command, the one on the PATH, or that of this checkout."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).parents[4] / ".tools" / "uv" / "bin"
"""Where `tools/uv.sh` installs it if there is none."""


class NoUv(LookupError):  # noqa: N818 (reads as what happened)
    """There is no uv."""


def find_uv() -> str:
    """The path of the command; `uv run` names itself in `UV`.

    Raises:
        NoUv: There is none.
    """
    found = os.environ.get("UV") or shutil.which("uv") or shutil.which("uv", path=str(CHECKOUT))
    if not found:
        raise NoUv("there is no uv; `make setup` installs one")
    return found
