"""Commands that may do no more than other users' may, though root runs the tests."""

from __future__ import annotations

import os
from typing import Final

import pytest

from orbital_testbench.programs import MissingProgramError, find_program, skip_or_fail

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
