"""Commands that may do less, or see another file, than the tests that run them."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from orbital_testbench.programs import MissingProgramError, find_program, skip_or_fail

if TYPE_CHECKING:
    from pathlib import Path

SOMEBODY: Final = 65534
"""A user whose files these commands may not look at."""
as_root: Final = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def without_rights() -> tuple[str, ...]:
    """What goes before such a command; nothing where root does not run the tests.

    Root without its capabilities, since another user could perhaps not even read this checkout.
    """
    if os.geteuid() != 0:
        return ()
    try:
        setpriv = find_program("setpriv", "util-linux")
    except MissingProgramError as error:
        skip_or_fail(error)
    return (setpriv, "--bounding-set=-all", "--inh-caps=-all")


def with_file(path: Path, instead_of: Path) -> tuple[str, ...]:
    """What goes before a command that shall see `path` where the system has `instead_of`.

    By a mount in a namespace of its own. Where there is none the test is skipped, and fails if `CI=true`.
    """
    try:
        unshare = find_program("unshare", "util-linux")
    except MissingProgramError as error:
        skip_or_fail(error)
    rights = () if os.geteuid() == 0 else ("--map-root-user",)
    script = 'mount --bind "$0" "$1" && shift && exec "$@"'
    wrap = (unshare, *rights, "--mount", "sh", "-c", script, str(path), str(instead_of))
    tried = subprocess.run([*wrap, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        skip_or_fail(f"there is no mount namespace to be had: {tried.stderr.strip()}")
    return wrap
