"""`make run`, and what brings uv to it."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orbital_testbench import Answer, HostileServer, with_file

ROOT = Path(__file__).parents[1]
STORE = Path("/etc/ssl/certs/ca-certificates.crt")
"""Whom Debian trusts."""


def test_ctrl_c_ends_make_run_with_0(sentinel):
    """The key goes to the agent alone, which stops clean; make ends as the agent did."""
    environ = sentinel.environ | {
        "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache/uv"))
    }
    status, said = run_until_it_runs(ROOT, environ)
    assert (status, "agent: stopped" in said) == (0, True), said


@pytest.mark.skipif(os.geteuid() != 0, reason="others have a folder of their own")
def test_a_first_try_leaves_its_files_in_the_checkout(sentinel, tmp_path):
    """Root's, too: nothing of it is where an installed agent keeps its own."""
    checkout = tmp_path / "checkout"
    (checkout / "tools").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", checkout)
    script(checkout / "tools" / "uv.sh", f"echo {checkout}/uv")
    script(checkout / "uv", f"exec {sys.executable} -m orbital_sentinel start")
    environ = {name: value for name, value in sentinel.environ.items() if name != "XDG_DATA_HOME"}
    status, said = run_until_it_runs(checkout, environ)
    assert status == 0, said
    assert f"Samples go to {checkout}/.run/orbital-sentinel/samples.jsonl" in "".join(
        said.split("\r\n")
    )
    assert (checkout / ".run" / "orbital-sentinel").is_dir()


def test_uv_trusts_whom_this_machine_trusts(authority, tmp_path):
    """As pip does: an index behind a proxy that inspects TLS with the machine's own authority is reached."""
    if not STORE.exists():
        pytest.skip("this machine keeps its authorities elsewhere")
    bundle = tmp_path / "bundle.crt"
    bundle.write_bytes(STORE.read_bytes() + authority.ca_file.read_bytes())
    uv = subprocess.run([ROOT / "tools" / "uv.sh"], capture_output=True, text=True, check=True)
    with HostileServer(certificate=authority.issue("localhost")) as index:
        index.default = Answer(404)
        ask = [
            "pip",
            "compile",
            "--no-cache",
            "--index-url",
            f"https://localhost:{index.port}/",
            "-",
        ]
        subprocess.run(
            [*with_file(bundle, STORE), uv.stdout.strip(), *ask],
            input="no-such-package", text=True, capture_output=True, timeout=60, check=False,
            cwd=tmp_path, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        )  # fmt: skip
        assert [request.path for request in index.requests] == ["/no-such-package/"]


def script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def run_until_it_runs(checkout, environ):
    """`make run` in a terminal, and Ctrl-C there as soon as the agent runs: exit code, and what it said."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(checkout)
        os.execvpe("make", ["make", "run"], environ)
    said, pressed = b"", False
    while part := _read(terminal):
        said += part
        if not pressed and b"is running" in said:
            os.write(terminal, b"\x03")
            pressed = True
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other end is closed
        return b""
