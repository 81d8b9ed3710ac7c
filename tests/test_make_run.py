"""`make run` in a terminal."""

from __future__ import annotations

import os
import pty
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_ctrl_c_ends_make_run_with_0(sentinel):
    """The key goes to the agent alone, which stops clean; make ends as the agent did."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        environ = sentinel.environ | {
            "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache/uv"))
        }
        os.execvpe("make", ["make", "run"], environ)
    said, pressed = b"", False
    while part := _read(terminal):
        said += part
        if not pressed and b"is running" in said:
            os.write(terminal, b"\x03")
            pressed = True
    os.close(terminal)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert (status, b"agent: stopped" in said) == (0, True), said.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other end is closed
        return b""
