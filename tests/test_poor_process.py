"""A process that gets little: no standard streams, few threads, little memory, files that cannot be read."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orbital_testbench import as_root, find_program, wait_until
from orbital_testbench.disk_faults import DiskFaults, Fault

TASK = {"id": "here", "plugin": "ping", "interval": "1s", "config": {"host": "127.0.0.1"}}


@pytest.fixture
def configured(sentinel):
    sentinel.configure(
        buffer={"type": "disk"}, sender={"direct": {"file": {"path": "out.jsonl"}}}, tasks=[TASK]
    )
    return sentinel


def limited(sentinel, *before: str, command: str = "start") -> subprocess.CompletedProcess[str]:
    """A command of the agent behind another program, to its end."""
    return subprocess.run(
        [*before, sys.executable, "-m", "orbital_sentinel", *command.split()],
        cwd=sentinel.folder, env=sentinel.environ, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip


@pytest.mark.parametrize("command", ["version", "config show", "run --once"])
def test_a_closed_stdout_is_named(configured, command):
    """`sentinel ... >&-` fails as with other programs, and no bug is reported."""
    done = limited(configured, "sh", "-c", 'exec "$@" >&-', "sh", command=command)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == (
        "error: it could not all be written: standard output is closed"
    )


def test_an_agent_without_standard_streams_runs(configured):
    """What it would print goes nowhere, and into no file or socket that got the number of a stream."""
    process = subprocess.Popen(
        ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "-m", "orbital_sentinel", "start"],
        cwd=configured.folder, env=configured.environ,
    )  # fmt: skip
    configured.process = process
    wait_until(lambda: configured.running() or configured.ended())
    links = {str(Path(f"/proc/{process.pid}/fd/{number}").readlink()) for number in range(3)}
    assert links == {"/dev/null"}
    wait_until(lambda: configured.status()["tasks"]["success"] >= 1)
    assert configured.metrics()["sentinel_log_lines_lost_total"] > 0
    assert configured.end() == 0


@as_root
def test_few_threads_are_named(configured):
    """`ulimit -u`: it says so before anything starts, where a library would abort the process."""
    rights = "+dac_override,+fowner,+chown"  # all but those that lift the limit
    done = limited(
        configured,
        find_program("prlimit", "util-linux"), "--nproc=9",
        find_program("setpriv", "util-linux"), "--reuid=54321", "--clear-groups",
        f"--inh-caps={rights}", f"--ambient-caps={rights}",
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("error: the system lets this process have no more threads")


def test_little_memory_is_named(configured):
    """`ulimit -v`: the same."""
    done = limited(configured, find_program("prlimit", "util-linux"), f"--as={400 << 20}")
    assert done.returncode == 1
    assert done.stderr.startswith("error: the system lets this process have no more memory")


@pytest.mark.parametrize("name", ["config.yaml", "more.yaml"])
def test_a_file_that_cannot_be_read_is_named(configured, tmp_path_factory, name):
    """EIO at the start: which file it is, and no bug."""
    tasks = configured.folder / "tasks.d"
    tasks.mkdir()
    (tasks / "more.yaml").write_text("tasks: []\n")
    with DiskFaults(tmp_path_factory.mktemp("faults"), beneath=configured.folder) as faults:
        faults.set(Fault("read", errno.EIO, match=f"*/{name}"))
        done = configured.command("start", "-c", str(configured.config), **faults.environ)
        assert faults.count("read") > 0
    assert done.returncode == 78
    assert f"{name}: cannot be read: Input/output error" in done.stderr


def test_all_that_it_writes_is_its_owners(configured):
    """`umask 000` opens neither the data folder nor anything in it, nor log and samples."""
    sections = {"output": "both", "file_path": "logs/agent.log"}
    configured.environ["SENTINEL_LOGGING__OUTPUT"] = sections["output"]
    configured.environ["SENTINEL_LOGGING__FILE_PATH"] = sections["file_path"]
    before = os.umask(0)
    try:
        configured.start()
    finally:
        os.umask(before)
    wait_until((configured.folder / "out.jsonl").exists)
    configured.end()
    data, logs = configured.folder / "data", configured.folder / "logs"
    ours = [data, *data.rglob("*"), logs, *logs.iterdir(), configured.folder / "out.jsonl"]
    assert [str(path) for path in ours if path.lstat().st_mode & 0o077] == []
