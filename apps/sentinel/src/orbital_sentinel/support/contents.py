"""What a support bundle has: of a running agent what it says, of a stopped one what is on the disk."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psutil

from orbital_runtime.paths import data_dir
from orbital_runtime.settings import SettingsError, dump, load
from orbital_sdk.secrecy import scrub
from orbital_sentinel import versions
from orbital_sentinel.client.client import NotRunning, Refused
from orbital_sentinel.client.locate import client
from orbital_sentinel.errors import Failure
from orbital_sentinel.support.secrets import hold_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from orbital_runtime.settings import LoggingSection

ROUTES: Final = {
    "status": "/api/v1/status",
    "explain": "/api/v1/explain",
    "outputs": "/api/v1/outputs",
    "plugins": "/api/v1/plugins",
    "reloads": "/api/v1/reloads",
    "tasks": "/api/v1/tasks?limit=10000",
    "cardinality": "/api/v1/cardinality",
    "recent-log": "/api/v1/log",
}
"""Answers of a running agent; one that it does not have is left out."""
LOG_TAIL: Final = 2 << 20
"""Bytes of a log file that are read, from its end."""
UNIT: Final = "orbital-sentinel"
JOURNAL_LINES: Final = 5000


def contents(config: Path | None, trying: Callable[[str], None]) -> Iterator[tuple[str, str]]:
    """Names and texts, the most important first. Secrets are known to `scrub` afterwards.

    Args:
        config: The configuration file; None to search for one.
        trying: Called with what is read next.
    """
    trying("reading the configuration")
    hold_all(config)
    text, logging = _configuration(config)
    yield "versions.json", _json(_versions())
    yield "configuration.yaml", text
    trying("asking the sentinel")
    yield from _answers(config)
    trying("reading the buffer")
    yield "buffer.json", _buffer(config)
    trying("reading logs")
    yield from _logs(logging)


def _versions() -> dict[str, Any]:
    """Versions, and the machine."""
    ours = {d.name: d.version for d in distributions() if d.name.startswith("orbital")}
    memory, disk = psutil.virtual_memory(), shutil.disk_usage(_existing(data_dir()))
    return {
        **versions.about(),
        "packages": dict(sorted(ours.items())),
        "executable": sys.executable,
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "memory": {"total": memory.total, "available": memory.available},
        "data": {"folder": str(data_dir()), "total": disk.total, "free": disk.free},
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def _existing(folder: Path) -> Path:
    return next(one for one in (folder, *folder.parents) if one.exists())


def _configuration(config: Path | None) -> tuple[str, LoggingSection | None]:
    """The effective configuration, and its section `logging`; or its problems, a line each."""
    try:
        loaded = load(config, os.environ)
    except SettingsError as error:
        lines = [f"# error: {problem}" for problem in error.problems]
        return "\n".join(["# The configuration cannot be used.", *lines, ""]), None
    return f"# {loaded.path or 'built-in'}\n{dump(loaded, scrub)}", loaded.settings.logging


def _answers(config: Path | None) -> Iterator[tuple[str, str]]:
    agent = client(config, timeout=30)
    try:
        agent.get("/healthz")
    except NotRunning as why:
        yield "not-running.txt", f"{why}\n"
        return
    except Refused:
        pass  # it runs, and is not well
    for name, route in ROUTES.items():
        try:
            yield f"{name}.json", _json(agent.get(route))
        except Refused:  # it has no such route
            continue
        except NotRunning as why:
            yield f"{name}.txt", f"{why}\n"
    try:
        yield "metrics.txt", agent.fetch("/metrics").decode()
    except (NotRunning, Refused) as why:
        yield "metrics.txt", f"{why}\n"


def _buffer(config: Path | None) -> str:
    """The ledgers and the place of the buffer, as `sentinel buffer status` shows them."""
    from orbital_buffer.inspection.reports.view import view
    from orbital_buffer.model.errors import BufferUnusable
    from orbital_sentinel.buffer.access import open_buffer

    try:
        with open_buffer(config) as found:
            books, place = found.look.books(), found.look.folder_usage
            running = found.directory is None
            return _json(
                view(books, place, time.time_ns() // 10**6, running=running, damage=found.damage)
            )
    except (Failure, BufferUnusable, SettingsError, NotRunning, Refused) as why:
        return _json({"error": str(why)})


def _logs(logging: LoggingSection | None) -> Iterator[tuple[str, str]]:
    """The end of the log file and of the journal; of the crash of a command, its traceback."""
    if logging is not None and logging.output in ("file", "both"):
        yield "log.txt", _tail(Path(logging.file_path))
    if journal := _journal():
        yield "journal.txt", journal
    crash = data_dir() / "crash.log"
    if crash.exists():
        yield "crash.txt", _tail(crash)


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LOG_TAIL))
            return file.read(LOG_TAIL).decode(errors="replace")
    except OSError as error:
        return f"{path}: {error.strerror}\n"


def _journal() -> str:
    """The last lines of the service in the system's journal; empty if there are none."""
    command = ["journalctl", f"--unit={UNIT}", f"--lines={JOURNAL_LINES}", "--no-pager", "--quiet"]
    try:
        done = subprocess.run(  # noqa: S603 (no user input)
            command, capture_output=True, text=True, timeout=20, check=False, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def _json(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False, default=str) + "\n"
