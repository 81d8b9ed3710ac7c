"""`devcore` as a process that can be killed, its data in a file."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

from orbital_testbench.server import Server

if TYPE_CHECKING:
    from pathlib import Path


class DevCore(Server):
    """A Gravital Core to test against. The package `orbital-devcore` has to be installed.

    Args:
        folder: Of its data, configuration and log.
        demo: The devices and tasks that it begins with, as in `demo.yaml`.
        quirks: Answer like the real server, mistakes included.
    """

    program, package = "devcore", "orbital-devcore"

    def __init__(self, folder: Path, demo: dict[str, Any], *, quirks: bool = False) -> None:
        super().__init__(folder)
        self.data = folder / "core.db"
        self._demo, self._quirks = demo, quirks

    def command(self) -> list[str]:
        code = "from orbital_devcore.cli import main; main()"
        return [sys.executable, "-c", code, *self.arguments()]

    def arguments(self) -> list[str]:
        mood = ["--quirks"] if self._quirks else []
        return [*mood, f"--port={self.port}", "--demo=demo.yaml", "--data=core.db"]

    def prepare(self) -> None:
        (self.folder / "demo.yaml").write_text(json.dumps(self._demo))

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """What stands under `data` of the answer, which has to be well."""
        answer = self.http.request(method, self.url + path, json=body, timeout=10)
        answer.raise_for_status()
        return answer.json().get("data")

    def fault(self, **fault: Any) -> None:
        """Ask for one; `cure` takes all back, switches too."""
        self.call("POST", "/dev/faults", fault)

    def switch(self, **on: bool) -> None:
        self.call("PUT", "/dev/switches", on)

    def cure(self) -> None:
        self.call("DELETE", "/dev/faults")

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What its database holds, by a connection of our own."""
        with closing(sqlite3.connect(f"file:{self.data}?mode=ro", uri=True)) as database:
            return database.execute(query, values).fetchall()

    def one(self, query: str, *values: Any) -> Any:
        return self.rows(query, *values)[0][0]

    def change(self, query: str, *values: Any) -> None:
        """Change its database behind its back."""
        with closing(sqlite3.connect(self.data)) as database, database:
            database.execute(query, values)
