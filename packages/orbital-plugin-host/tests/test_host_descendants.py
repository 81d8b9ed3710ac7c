"""Processes that a program leaves."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from orbital_plugin_host.remote.descendants import kill_descendants
from orbital_sdk.limits import Limits

DAEMON = "(env -i setsid sh -c 'echo $$; exec sleep 600' &); exec sleep 600"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc")


def test_a_daemon_is_below_its_program():
    """It left its session, its parent and its environment; and still ends. The program itself does not."""
    command = Limits().command(["/bin/sh", "-c", DAEMON])
    with subprocess.Popen(command, stdout=subprocess.PIPE) as program:
        daemon = int(program.stdout.readline())
        while parent(daemon) != program.pid:
            time.sleep(0.01)  # its own parent ends
        kill_descendants(Path("/nowhere"), program.pid)
        assert (state(daemon), state(program.pid)) == ("Z", "T")
        program.kill()


def fields(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def state(pid):
    return fields(pid)[0]


def parent(pid):
    return int(fields(pid)[1])
