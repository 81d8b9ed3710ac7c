"""A machine of its own for each test: home, runtime folder, configuration, and something to watch."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import tempfile
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from orbital_sentinel.client.client import Client
from orbital_testbench.terminal import Terminal

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterator

    from orbital_testbench.forks import Forks

PATIENCE = 30.0
"""Seconds until a test gives up: for a busy machine, not for the promise."""


class Done(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


class Seen(NamedTuple):
    """What a command showed on a terminal."""

    code: int
    raw: str
    """With escape sequences."""

    @property
    def lines(self) -> list[str]:
        """As a person reads them."""
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.raw).splitlines()


class Machine:
    """Folders and environment of one made-up machine. The path is short: unix sockets need that."""

    def __init__(self, root: Path, forks: Forks) -> None:
        self.root = root
        self.forks = forks
        self.work = root / "work"
        self.work.mkdir()
        self.data = root / "data" / "orbital-sentinel"
        self.socket = root / "run" / "orbital-sentinel" / "sentinel.sock"
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(root),
            "XDG_CONFIG_HOME": str(root / "config"),
            "CONFIGURATION_DIRECTORY": str(root / "system"),
            "XDG_DATA_HOME": str(root / "data"),
            "XDG_RUNTIME_DIR": str(root / "run"),
            "SENTINEL_TELEMETRY__LISTEN": "127.0.0.1:0",
            "PYTHONWARNINGS": "default",
        }

    def config(self, text: str, name: str = "config.yaml") -> Path:
        path = self.work / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def install(self, name: str, entry_points: str, code: str = "", needs: str = "") -> None:
        """What pip leaves behind for a package of this one module."""
        folder = self.root / "site"
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        required = f"Requires-Dist: {needs}\n" if needs else ""
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{required}"
        )
        (info / "entry_points.txt").write_text(entry_points)
        (folder / f"{name}.py").write_text(code)
        self.environ["PYTHONPATH"] = str(folder)

    def sentinel(self, *arguments: str, stdin: int | None = None) -> Done:
        """Run a command to its end."""
        done = self.forks.run(
            arguments, cwd=self.work, env=self.environ, stdin=stdin, timeout=PATIENCE * 2
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def on_terminal(self, *arguments: str, columns: int = 80, **environ: str) -> Seen:
        """Run a command on a terminal of 24 lines, as a person would."""
        terminal = Terminal(columns, 24)
        process = self.forks.start(
            arguments, cwd=self.work, env=self.environ | {"TERM": "xterm-256color"} | environ,
            stdout=terminal.stream, stderr=terminal.stream,
        )  # fmt: skip
        code = process.wait(PATIENCE * 2)
        return Seen(code, terminal.end())

    def answering(self, answer: str, *arguments: str) -> Done:
        """Run a command with a person at the keyboard, who gives this answer to all it asks."""
        keyboard, terminal = pty.openpty()
        try:
            os.write(keyboard, f"{answer}\n".encode())
            return self.sentinel(*arguments, stdin=terminal)
        finally:
            os.close(keyboard)
            os.close(terminal)

    @contextmanager
    def running(self, *arguments: str) -> Iterator[Running]:
        """An agent in the background, killed at the end if it still runs."""
        agent = Running(self, arguments)
        try:
            yield agent
        finally:
            agent.process.kill()
            agent.process.wait()

    def agent(self) -> Client:
        return Client(self.socket)


class Running:
    def __init__(self, machine: Machine, arguments: tuple[str, ...]) -> None:
        self.machine = machine
        self.log = machine.root / "agent.out"
        with self.log.open("w") as out:
            self.process = machine.forks.start(
                ["start", *arguments], cwd=machine.work, env=machine.environ, stdout=out, stderr=out
            )

    def until(self, holds: Callable[[], object], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not holds():
            assert self.process.poll() is None, f"it ended before {what}:\n{self.log.read_text()}"
            assert time.monotonic() < end, f"{what} did not come:\n{self.log.read_text()}"
            time.sleep(0.05)

    def until_running(self) -> None:
        agent = self.machine.agent()
        self.until(agent.is_there, "its socket")
        self.until(lambda: agent.get("/healthz")["state"] == "running", "the state `running`")

    def ended(self, by: signal.Signals | None = None) -> int:
        """Its exit code."""
        if by is not None:
            self.process.send_signal(by)
        return self.process.wait(PATIENCE)


@contextmanager
def new_machine(forks: Forks) -> Iterator[Machine]:
    root = Path(tempfile.mkdtemp(prefix="orb-"))
    yield Machine(root, forks)
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def machine(sentinel_forks: Forks) -> Iterator[Machine]:
    with new_machine(sentinel_forks) as machine:
        yield machine


@pytest.fixture(scope="module")
def busy(sentinel_forks: Forks, site: str) -> Iterator[Machine]:
    """A machine whose agent has run a task that works and one that fails; for tests that only look."""
    with new_machine(sentinel_forks) as machine:
        write_two_tasks(machine, site)
        with machine.running() as agent:
            agent.until_running()
            asked = machine.agent()
            for status in ("failed", "success"):
                route = f"/api/v1/tasks?status={status}"
                agent.until(lambda route=route: asked.get(route)["total"], f"a run: {status}")
            yield machine


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        good = not self.path.startswith("/broken")
        self.send_response(200 if good else 500)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """Address of a web server: every page is well but those under /broken."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def two_tasks(machine: Machine, site: str) -> Path:
    """A configuration of one task that works and one that fails, written to a file."""
    return write_two_tasks(machine, site)


def write_two_tasks(machine: Machine, site: str) -> Path:
    return machine.config(f"""\
buffer: {{flush_interval: 100ms}}
sender:
  direct:
    file: {{path: {machine.root}/samples.jsonl}}
tasks:
  - {{id: well, plugin: http, interval: 1s, config: {{url: "{site}/"}}}}
  - {{id: ill, plugin: http, interval: 1s, config: {{url: "{site}/broken"}}}}
""")
