"""Runs of a package that are forked from one that has imported it."""

from __future__ import annotations

import signal
import subprocess

import pytest

from orbital_testbench.forks import Forks

MAIN = """
import os, sys, time
if sys.argv[1:] == ["hang"]:
    time.sleep(300)
print(sys.argv[1:], os.getcwd(), dict(os.environ), __name__)
print(sys.stdin.read(), file=sys.stderr)
sys.exit(3)
"""


@pytest.fixture
def forks(tmp_path, monkeypatch):
    package = tmp_path / "said"
    package.mkdir()
    package.joinpath("__main__.py").write_text(MAIN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    forks = Forks("said", ["json"])
    yield forks
    forks.close()


def test_a_run_is_a_process_of_its_own(forks, tmp_path):
    """Arguments, folder, environment, streams and exit code are those that it was given, run by run."""
    given = tmp_path / "given"
    given.write_text("hello")
    for number in range(2):
        with given.open() as stdin:
            done = forks.run(
                [f"{number}"],
                cwd=tmp_path,
                env={"N": f"{number}"},
                stdin=stdin.fileno(),
                timeout=60,
            )
        assert done.stdout == f"['{number}'] {tmp_path} {{'N': '{number}'}} __main__\n"
        assert (done.returncode, done.stderr) == (3, "hello\n")


def test_a_run_that_hangs_is_killed(forks, tmp_path):
    """Its time-out is `subprocess.run`'s, and a signal is told as there."""
    with pytest.raises(subprocess.TimeoutExpired):
        forks.run(["hang"], cwd=tmp_path, env={}, timeout=0.01)
    with (tmp_path / "log").open("w") as log:
        fork = forks.start(["hang"], cwd=tmp_path, env={}, stdout=log, stderr=log)
    assert fork.poll() is None
    fork.send_signal(signal.SIGTERM)
    assert fork.wait(60) == -signal.SIGTERM
    assert fork.poll() == -signal.SIGTERM
