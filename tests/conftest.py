"""The agent as users run it: a process of its own, in a folder of its own."""

from __future__ import annotations

import asyncio
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import yaml
from cramjam import snappy

from orbital_buffer.buffer import disk_buffer
from orbital_buffer.model.limits import BufferLimits
from orbital_buffer.store.rocks.crash_counts import CrashCounts
from orbital_remote_write.remote_write_pb2 import WriteRequest
from orbital_runtime.clock import SystemClock
from orbital_sentinel.client.client import Client, NotRunning
from orbital_testbench import Feeder, NumberSink, free_port, wait_until
from orbital_testbench.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from orbital_buffer.ledger import Account
    from orbital_testbench.forks import Fork, Forks


class Written(NamedTuple):
    """One sample of a request."""

    name: str
    instance: str
    row: str
    ms: int
    value: float


class Sentinel:
    """`sentinel` commands in one folder, and at most one running agent."""

    def __init__(self, folder: Path, forks: Forks) -> None:
        self.folder = folder
        self._forks = forks
        self.runtime = Path(tempfile.mkdtemp(prefix="orb-"))
        """Of sockets, whose paths must be short."""
        self.config = folder / "config.yaml"
        self.listen = f"127.0.0.1:{free_port()}"
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "CONFIGURATION_DIRECTORY": str(folder / "system"),
            "XDG_RUNTIME_DIR": str(self.runtime),
            "SENTINEL_TELEMETRY__LISTEN": self.listen,
        }
        self.log = folder / "sentinel.log"
        self.process: subprocess.Popen[bytes] | Fork | None = None

    def install(
        self, distribution: str, code: str, *, group: str = "plugins", **points: str
    ) -> None:
        """A stranger's package, as `pip install` would leave it.

        Args:
            distribution: Its name; version 1.0.
            code: Of its one module.
            group: `plugins`, `writers` or `processors`.
            points: Entry point -> class.
        """
        site, module = self.folder / "site", distribution.replace("-", "_")
        info = site / f"{distribution.replace('-', '_')}-1.0.dist-info"
        info.mkdir(parents=True)
        info.joinpath("METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n"
        )
        lines = [f"{name} = {module}:{kind}" for name, kind in points.items()]
        info.joinpath("entry_points.txt").write_text("\n".join([f"[orbital.{group}]", *lines]))
        site.joinpath(f"{module}.py").write_text(code)
        self.environ["PYTHONPATH"] = str(site)

    def configure(self, **sections: Any) -> None:
        """Write the configuration file, in one step as editors do."""
        fresh = self.folder / "config.new"
        fresh.write_text(yaml.safe_dump(sections, sort_keys=False))
        fresh.chmod(0o600)
        fresh.replace(self.config)

    def command(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end; in a process of its own where it is given more environment, such as a
        library to be loaded first.
        """
        if environ:
            return subprocess.run(
                [sys.executable, "-m", "orbital_sentinel", *arguments],
                cwd=self.folder,
                env=self.environ | environ,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        return self._forks.run(arguments, cwd=self.folder, env=self.environ, timeout=120)

    def json(self, *arguments: str) -> Any:
        """What a command prints with `--output json`."""
        done = self.command(*arguments, "--output", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def told(self, route: str) -> Any:
        """What the running agent answers on its socket, as the commands ask it; cheap to poll."""
        return self._client().get(route)

    def ask(self, route: str) -> Any:
        """Ask the running agent to do something, as the commands do."""
        return self._client().post(route)

    def _client(self) -> Client:
        return Client(self.runtime / "orbital-sentinel" / "sentinel.sock", timeout=PATIENCE)

    def tasks(self) -> list[dict[str, Any]]:
        """What `sentinel tasks --output json` prints."""
        return self.told("/api/v1/tasks")["tasks"]

    def status(self) -> dict[str, Any]:
        """What `sentinel status --output json` prints."""
        return self.told("/api/v1/status")

    def get(self, path: str) -> tuple[int, str]:
        """A page of the running agent: status and text."""
        try:
            with urlopen(f"http://{self.listen}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as refusal:
            return refusal.code, refusal.read().decode()

    def metrics(self) -> dict[str, float]:
        """What /metrics shows: `name{labels}` -> value."""
        lines = [line for line in self.get("/metrics")[1].splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def account(self, output: str) -> dict[str, Any]:
        """The ledger of one output, as `sentinel status` shows it; empty while it has none."""
        outputs = {one["name"]: one for one in self.status()["outputs"]}
        return outputs.get(output, {}).get("ledger") or {}

    def start(
        self,
        *arguments: str,
        wrap: tuple[str, ...] = (),
        stdout: int | None = None,
        **environ: str,
    ) -> None:
        """Start the agent, by the command `wrap`, and wait until it says that it runs. `stdout` takes its
        log; else a file does. As a command, it is forked where nothing has to come before the interpreter.
        """
        command = ["start", *arguments]
        with self.log.open("ab") as log:
            out = log if stdout is None else stdout
            if wrap or environ:
                self.process = subprocess.Popen(
                    [*wrap, sys.executable, "-m", "orbital_sentinel", *command],
                    cwd=self.folder, env=self.environ | environ, stdout=out, stderr=log,
                )  # fmt: skip
            else:
                self.process = self._forks.start(
                    command, cwd=self.folder, env=self.environ, stdout=out, stderr=log
                )
        wait_until(lambda: self.running() or self.ended(), what="the agent's start")
        assert not self.ended(), self.log.read_text()

    def running(self) -> bool:
        try:
            return self.status()["state"] == "running"
        except NotRunning:
            return False

    def ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def end(self, how: int = signal.SIGINT) -> int:
        """Stop the agent with a signal; returns its exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(60)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.runtime)


@pytest.fixture
def sentinel(tmp_path: Path, sentinel_forks: Forks) -> Iterator[Sentinel]:
    """A folder without a configuration, in which nothing runs yet."""
    one = Sentinel(tmp_path, sentinel_forks)
    yield one
    one.close()


@pytest.fixture
def another_sentinel(tmp_path: Path, sentinel_forks: Forks) -> Iterator[Sentinel]:
    """A second one beside `sentinel`, as if it stood on another machine of the same name."""
    folder = tmp_path / "another"
    folder.mkdir()
    one = Sentinel(folder, sentinel_forks)
    yield one
    one.close()


@pytest.fixture(scope="module")
def shared_sentinel(
    tmp_path_factory: pytest.TempPathFactory, sentinel_forks: Forks
) -> Iterator[Sentinel]:
    """One for all tests of a module that only look at it."""
    one = Sentinel(tmp_path_factory.mktemp("sentinel"), sentinel_forks)
    yield one
    one.close()


@pytest.fixture(scope="session")
def written() -> Callable[[bytes], list[Written]]:
    """The samples in the body of a remote-write request, in its order; stale markers are none."""

    def read(body: bytes) -> list[Written]:
        found: list[Written] = []
        for series in WriteRequest.FromString(bytes(snappy.decompress_raw(body))).timeseries:
            labels = {label.name: label.value for label in series.labels}
            key = labels["__name__"], labels["instance"], labels.get("row", "")
            found += [
                Written(*key, sample.timestamp, sample.value)
                for sample in series.samples
                if not math.isnan(sample.value)
            ]
        return found

    return read


@pytest.fixture(scope="module")
def ledgers_of() -> Callable[[Path], dict[str, Account]]:
    """The ledger in the folder of a disk buffer that no process has open, by output."""

    async def read(folder: Path) -> dict[str, Account]:
        buffer = disk_buffer(folder, BufferLimits(), SystemClock())
        await buffer.open()
        accounts = dict(buffer.ledger.accounts())
        await buffer.close()
        return accounts

    return lambda folder: asyncio.run(read(folder))


@pytest.fixture
def lines_of() -> Callable[[Path], list[dict[str, Any]]]:
    """The samples in a file of JSON lines."""

    def read(path: Path) -> list[dict[str, Any]]:
        if not path.exists():
            return []
        complete = path.read_text().rpartition("\n")[0]
        return [json.loads(line) for line in complete.splitlines()]

    return read


FEEDER = Path(__file__).parent / "data" / "disk_feeder.py"


@pytest.fixture
def feed() -> Iterator[Callable[..., Feeder]]:
    """Starts feeders of a disk buffer, and ends those that a test left."""
    feeders: list[Feeder] = []
    folders: set[Path] = set()

    def start(folder: Path, *arguments: Any, **options: Any) -> Feeder:
        folders.add(folder)
        feeders.append(Feeder(FEEDER, folder, *arguments, **options))
        return feeders[-1]

    yield start
    for feeder in feeders:
        feeder.end(signal.SIGKILL)
    for folder in folders:
        CrashCounts(folder).forget()


@pytest.fixture
def sink() -> Iterator[NumberSink]:
    """Where feeders deliver to."""
    with NumberSink() as server:
        yield server


@pytest.fixture
def drained(feed: Callable[..., Feeder]) -> Callable[..., dict[str, Any]]:
    """The last run on a folder: delivers all that is left, and gives its ledger."""

    def run(folder: Path, sink: NumberSink, **options: Any) -> dict[str, Any]:
        feeder = feed(folder, sink.url, first=10**9, count=0, **options)
        assert feeder.end() == 0, feeder.said
        return feeder.ledger

    return run
