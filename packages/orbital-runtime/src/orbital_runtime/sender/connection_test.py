"""Tests the connection to an output's destination, for `validate --connect`."""

from __future__ import annotations

import logging
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from orbital_runtime.guard.escape import origin
from orbital_runtime.sender.caller import Caller
from orbital_sdk import OrbitalError

if TYPE_CHECKING:
    from orbital_runtime.sender.output import Output

logger = logging.getLogger(__name__)


class Result(StrEnum):
    """Outcome of the test."""

    OK = "ok"
    FAILED = "failed"
    NOT_ASKED = "not asked"
    """The writer has no `test_connection`."""


class Connection(NamedTuple):
    """Result for one output."""

    output: str
    address: str
    result: Result
    message: str
    """One line of text."""


async def connect(output: Output) -> Connection:
    """Start the writer, call `test_connection` and stop it, each within the timeout of a request."""
    result, message = await _asked(output)
    return Connection(output.name, output.writer.address, result, message)


async def _asked(output: Output) -> tuple[Result, str]:
    caller, seconds = Caller(output.name, output.writer), output.policy.timeout
    try:
        await caller.start(seconds)
        said = await caller.test(seconds)
    except NotImplementedError:
        return Result.NOT_ASKED, f"writer {output.writer.name!r} cannot ask"
    except OrbitalError as error:
        return Result.FAILED, str(error)
    except Exception as error:  # noqa: BLE001 (a stranger's code may raise anything)
        return Result.FAILED, f"a bug in writer {output.writer.name!r}: {origin(error)!r}"
    finally:
        await _end(caller, seconds)
    if not isinstance(said, str):
        return (
            Result.FAILED,
            f"a bug in writer {output.writer.name!r}: test_connection() gave {said!r}",
        )
    return Result.OK, said


async def _end(caller: Caller, seconds: float) -> None:
    try:
        await caller.stop(seconds)
    except Exception:
        logger.exception("a writer did not close")
