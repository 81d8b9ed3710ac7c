"""The provider `command`: a program that is asked for all secrets at once.

It reads `{"version": "1.0", "secrets": ["NAME", ...]}` on its standard input, and answers
`{"NAME": {"value": "...", "error": null}, ...}`: the protocol of the Datadog Agent's `secret_backend_command`
(https://docs.datadoghq.com/agent/configuration/secrets-management/), whose programs work here unchanged.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from threading import Event, Timer
from typing import IO, TYPE_CHECKING, Annotated, Final, cast

from pydantic import BaseModel, Field, SecretStr, TypeAdapter, ValidationError

from orbital_sdk import ConfigurationError
from orbital_sdk.environment import environment
from orbital_sdk.secret_provider import SecretProvider, SecretProviderConfig, Surroundings
from orbital_sdk.units import Duration, format_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orbital_sdk.secret_provider import Answer

LARGEST: Final = 1 << 20
"""Bytes of an answer."""


class CommandConfig(SecretProviderConfig):
    run: Annotated[list[str], Field(min_length=1)]
    """Program and arguments. No shell is involved."""
    environment: dict[str, SecretStr] = Field(default_factory=dict[str, SecretStr])
    """Variables beside PATH, HOME, USER, LANG, TZ and TMPDIR. It gets no others of the agent."""
    timeout: Annotated[Duration, Field(gt=0)] = 5
    """When the program and its children are killed."""
    cache: Annotated[Duration, Field(ge=0)] = 0
    """How long an answer is used again instead of another run."""


class _Given(BaseModel):
    """What the program says of one secret."""

    value: SecretStr | None = None
    error: str | None = None


_ANSWER: Final = TypeAdapter(dict[str, _Given])


class Command(SecretProvider[CommandConfig]):
    """`${secret:NAME}` from a program."""

    name = "command"
    summary = "A program that prints secrets"

    def __init__(self, config: CommandConfig, around: Surroundings) -> None:
        super().__init__(config, around)
        self.clock: Callable[[], float] = time.monotonic
        """For tests."""
        self._cached: dict[str, tuple[float, Answer]] = {}

    def get_all(self, names: Sequence[str]) -> Mapping[str, Answer]:
        """Runs the program once for all names that are not in the cache."""
        now = self.clock()
        fresh = {n: answer for n, (until, answer) in self._cached.items() if now < until}
        wanted = [name for name in names if name not in fresh]
        asked = self._ask(wanted) if wanted else {}
        until = now + self.config.cache
        self._cached |= {name: (until, answer) for name, answer in asked.items()}
        return fresh | asked

    def _ask(self, names: Sequence[str]) -> dict[str, Answer]:
        output = self._output(json.dumps({"version": "1.0", "secrets": names}).encode())
        try:
            given = _ANSWER.validate_json(output)
        except ValidationError:  # its text has the output in it
            raise ConfigurationError(
                f'{self._program} printed no JSON like {{"NAME": {{"value": "..."}}}}'
            ) from None
        return {name: _answer(given.get(name) or _Given()) for name in names}

    @property
    def _program(self) -> str:
        return self.config.run[0]

    def _output(self, question: bytes) -> bytes:
        """What the program prints. Its errors are thrown away: they may have secrets in them."""
        with tempfile.TemporaryFile() as stdin:
            stdin.write(question)
            stdin.seek(0)
            try:
                process = subprocess.Popen(  # noqa: S603 (its owner configured it)
                    self.config.run, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                    env=environment(self.config.environment), cwd=self.around.folder,
                    start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                raise ConfigurationError(f"{self._program}: {error.strerror}") from error
        return self._read(process)

    def _read(self, process: subprocess.Popen[bytes]) -> bytes:
        late = _Deadline(process, self.config.timeout)
        with process, late:
            output = late.read(cast("IO[bytes]", process.stdout))
            # otherwise it may wait for ever to write the rest
            if len(output) <= LARGEST and not late.expired.is_set():
                os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        if late.expired.is_set():
            limit = format_duration(self.config.timeout)
            raise ConfigurationError(f"{self._program} did not end within {limit}")
        if len(output) > LARGEST:
            raise ConfigurationError(f"{self._program} printed more than {LARGEST >> 20} MiB")
        if process.returncode:
            raise ConfigurationError(f"{self._program} ended with exit code {process.returncode}")
        return output


class _Deadline:
    """Kills a program and its children: at the deadline, or at the end of the block.

    The program is not reaped before, so its process group is still its own.
    """

    def __init__(self, process: subprocess.Popen[bytes], timeout: float) -> None:
        self.expired = Event()
        self._end = time.monotonic() + timeout
        self._group = process.pid
        self._timer = Timer(timeout, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()
        self._kill()

    def read(self, output: IO[bytes]) -> bytes:
        """What is printed until its end, the deadline, or more than `LARGEST` bytes. A daemon that left the
        group may keep it open for ever.
        """
        found = bytearray()
        with selectors.DefaultSelector() as ready:
            ready.register(output, selectors.EVENT_READ)
            while len(found) <= LARGEST:
                if not ready.select(max(0.0, self._end - time.monotonic())):
                    self.expired.set()
                    break
                if not (data := os.read(output.fileno(), 65_536)):
                    break
                found += data
        return bytes(found)

    def _expire(self) -> None:
        self.expired.set()
        self._kill()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._group, signal.SIGKILL)


def _answer(given: _Given) -> Answer:
    return ConfigurationError(given.error) if given.error else given.value
