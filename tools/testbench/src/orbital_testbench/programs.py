"""Where the servers are installed, and what to say when one is not."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

_PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


class MissingProgramError(RuntimeError):
    """A server that a test needs is not installed."""

    def __init__(self, program: str, package: str) -> None:
        super().__init__(f"{program} is not installed; on Debian: apt-get install {package}")


def find_program(program: str, package: str) -> str:
    """Path of a program.

    Raises:
        MissingProgramError: The message names Debian's package.
    """
    path = shutil.which(program, path=_PLACES)
    if path is None:
        raise MissingProgramError(program, package)
    return path


def skip_or_fail(reason: object) -> NoReturn:
    """A missing part of the bench skips the test on a developer's machine, and fails it in CI."""
    if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
        pytest.fail(str(reason), pytrace=False)
    pytest.skip(str(reason))
