"""Programs under limits, started as plugins' processes are."""

import os
import subprocess
import sys

import pytest

from orbital_sdk import ConfigurationError
from orbital_sdk.limits import Limits

SH = "/bin/sh"
FORKS = "id -un; for n in $(seq 60); do sleep 1 >/dev/null 2>&1 & done"


def run(limits, *arguments):
    return subprocess.run(
        limits.command(arguments), capture_output=True, text=True, check=False, timeout=30
    )


def test_memory_and_files_are_limited():
    """Of whatever program."""
    done = run(Limits(memory=64 << 20, files=40), SH, "-c", "ulimit -d; ulimit -n")
    assert done.stdout.split() == ["65536", "40"]


def test_a_program_that_is_not_there():
    """Is said."""
    assert "nothing-of-the-sort: No such file" in run(Limits(), "nothing-of-the-sort").stderr


@pytest.mark.skipif(os.getuid() != 0, reason="only root becomes another user")
def test_processes_of_root_are_limited_as_another_user():
    """The system applies no limit of processes to root itself."""
    done = run(Limits(tasks=20, user="nobody"), SH, "-c", FORKS)
    assert done.stdout.split() == ["nobody"]
    assert "ork" in done.stderr  # cannot fork


@pytest.mark.skipif(sys.platform != "linux", reason="users of Linux")
def test_a_user_that_is_not_there():
    """Is refused before anything starts."""
    with pytest.raises(ConfigurationError, match="there is no user 'nobody-of-the-sort'"):
        Limits(user="nobody-of-the-sort").owner()


@pytest.mark.skipif(os.getuid() == 0, reason="root may")
def test_only_root_starts_processes_of_others():
    """And that is said, too."""
    with pytest.raises(ConfigurationError, match="only root"):
        Limits(user="root").owner()
