"""Dropping what waits for an output: by the running agent, else in the folder that the last one left."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from orbital_runtime.buffer import removal
from orbital_sdk.units import parse_duration
from orbital_sentinel import loop
from orbital_sentinel.edge import Failure, Misuse
from orbital_sentinel.locate import client
from orbital_sentinel.looking import at_rest, silence
from orbital_sentinel.offline import configured

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orbital_sentinel.client import Client


@dataclass(frozen=True, slots=True)
class Drop:
    """What could be dropped."""

    samples: int
    drop: Callable[[], tuple[int, int]]
    """Does it; gives the samples dropped, and those that still wait for this output."""


def dropping(config: Path | None, output: str, older_than: str) -> Drop:
    """Count what would go.

    Raises:
        Failure: There is no such output.
        Misuse: `older_than` is no duration.
    """
    try:
        age = parse_duration(older_than) if older_than else None
    except ValueError as error:
        raise Misuse(f"--older-than: {error}") from error
    agent = client(config)
    silent = silence(agent)
    if silent is None:
        return _live(agent, output, age)
    before = None if age is None else time.time_ns() // 10**6 - round(age * 1000)
    with at_rest(config, silent) as directory:
        known = sorted(directory.log.positions)
        if output not in known:
            raise Failure(_unknown(output, known))
        samples = removal.counted(directory.log, output, before)
    return Drop(samples, lambda: loop.run(_at_rest(config, output, before)))


def _live(agent: Client, output: str, age: float | None) -> Drop:
    query = {"output": output} | ({} if age is None else {"older_than": age})

    def ask(more: dict[str, Any]) -> dict[str, int]:
        return agent.post(f"/api/v1/buffer/drop?{urlencode(query | more)}")

    def drop() -> tuple[int, int]:
        told = ask({})
        return told["samples"], told["waiting"]

    return Drop(ask({"count": 1})["samples"], drop)


async def _at_rest(config: Path | None, output: str, before: int | None) -> tuple[int, int]:
    async with configured(config).opened() as buffer:
        return await buffer.remove(output, before_ms=before), buffer.waiting(output)


def _unknown(output: str, known: list[str]) -> str:
    return f"nothing is kept for an output {output!r}; there is: {', '.join(known) or 'none'}"
