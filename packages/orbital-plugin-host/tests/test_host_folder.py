"""Private folders of processes, and those that an agent left which was killed."""

import os
import subprocess
import sys
import tempfile
import time

import pytest

from orbital_plugin_host.handshake import MARK
from orbital_plugin_host.remote.folder import PREFIX, YOUNG, PrivateFolder, remove_left_behind


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Where folders are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def aged(path):
    then = time.time() - 2 * YOUNG
    os.utime(path, (then, then))


def test_only_its_owner_enters(folders):
    """And it is gone with its program."""
    folder = PrivateFolder()
    assert folder.path.parent == folders
    assert folder.path.stat().st_mode & 0o777 == 0o700
    folder.remove()
    folder.remove()
    assert not folder.path.exists()


def test_what_a_killed_agent_left_is_removed(folders):
    """With the processes that were started with it; nothing of a living agent, of others, or that is new."""
    mine = PrivateFolder()
    aged(mine.path)
    foreign = folders / f"{PREFIX}foreign"
    foreign.mkdir()
    aged(foreign)
    code = (
        "from orbital_plugin_host.remote.folder import PrivateFolder;"
        "import os; print(PrivateFolder().path); os._exit(9)"
    )
    environ = {**os.environ, "TMPDIR": str(folders)}
    left, young = [
        subprocess.run(
            [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False
        ).stdout.strip()
        for _ in range(2)
    ]
    aged(left)
    with subprocess.Popen(["sleep", "600"], env={**environ, MARK: left}) as process:
        remove_left_behind({os.getuid() + 1})
        assert process.poll() is None
        remove_left_behind({os.getuid()})
        assert process.wait(10) == -9
    assert {str(one) for one in folders.iterdir()} == {str(mine.path), str(foreign), young}
    mine.remove()


def test_a_pipe_in_place_of_the_lock_holds_nobody(folders):
    """A program owns its folder."""
    folder = folders / f"{PREFIX}evil"
    folder.mkdir(mode=0o700)
    os.mkfifo(folder / "agent")
    aged(folder)
    remove_left_behind({os.getuid()})
    assert not folder.exists()
