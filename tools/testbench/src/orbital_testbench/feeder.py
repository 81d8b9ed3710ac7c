"""A process that feeds a disk buffer and says what it did, for tests that kill it and take its disk away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import IO, TYPE_CHECKING, Any, Final

from orbital_http.testing import HostileServer
from orbital_testbench.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from orbital_http.testing import Request

SILENT: Final = "http://127.0.0.1:9"
"""Nobody listens there."""


class Feeder:
    """A running feeder, and what it said.

    Args:
        script: What to run; it gets its options as JSON and says `open`, `accepted N`, `letters JSON`,
            `ledger JSON`.
        folder: Of its buffer.
        url: Where it delivers to.
        wrap: What stands before the command.
        environ: More of the environment, such as a disk that fails.
        options: For the script.
    """

    def __init__(
        self,
        script: Path,
        folder: Path,
        url: str = SILENT,
        *,
        wrap: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        told = json.dumps({"folder": str(folder), "url": url, **options})
        self.process = subprocess.Popen(
            [*wrap, sys.executable, str(script), told], text=True, env=os.environ | dict(environ or {}),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.accepted: list[int] = []
        self.ledger: dict[str, Any] = {}
        self.letters: list[int] = []
        self.opened = False
        self.errors: list[str] = []
        self._threads = [
            threading.Thread(target=self._read, args=(self.process.stdout, self._word), daemon=True),
            threading.Thread(target=self._read, args=(self.process.stderr, self.errors.append), daemon=True),
        ]  # fmt: skip
        for thread in self._threads:
            thread.start()

    @property
    def said(self) -> str:
        """Its log."""
        return "".join(self.errors)

    @property
    def complaints(self) -> list[str]:
        """The warnings and errors in it."""
        return [line for line in self.errors if "WARNING" in line or "ERROR" in line]

    def has(self, count: int, timeout: float = 30) -> None:
        """Return when so many batches were accepted.

        Raises:
            AssertionError: It ended, or they were not.
        """
        wait_until(
            lambda: len(self.accepted) >= count or self.process.poll() is not None,
            what=f"{count} batches", every=0.005, timeout=timeout,
        )  # fmt: skip
        if self.process.poll() is not None and len(self.accepted) < count:
            raise AssertionError(self.said)

    def says(self, words: str, times: int = 1, timeout: float = 60) -> None:
        """Return when its log has these words so often."""
        wait_until(
            lambda: self.said.count(words) >= times or self.process.poll() is not None,
            what=f"{words!r} in its log", timeout=timeout,
        )  # fmt: skip
        if self.said.count(words) < times:
            raise AssertionError(self.said)

    def end(self, how: int | None = None) -> int:
        """Wait for its end, after this signal. Gives its exit code."""
        if how is not None:
            self.process.send_signal(how)
        code = self.process.wait(60)
        for thread in self._threads:
            thread.join(10)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        return code

    def _read(self, stream: IO[str], use: Any) -> None:
        for line in stream:
            use(line)

    def _word(self, line: str) -> None:
        if not line.endswith("\n"):
            return  # killed in the middle of a word
        word, _, rest = line.strip().partition(" ")
        if word == "accepted":
            self.accepted.append(int(rest))
        elif word == "open":
            self.opened = True
        elif word == "letters":
            self.letters = json.loads(rest)
        elif word == "ledger":
            self.ledger = json.loads(rest)


class NumberSink(HostileServer):
    """Where a feeder delivers to: answers 200 to everything, and keeps it."""

    @property
    def whole(self) -> list[Request]:
        """The requests that came whole: a killed feeder may leave half a one."""
        return [r for r in self.requests if len(r.body) == int(r.headers["content-length"])]

    @property
    def received(self) -> list[int]:
        """The numbers of all batches, as they came."""
        return [number for request in self.whole for number in json.loads(request.body)]
