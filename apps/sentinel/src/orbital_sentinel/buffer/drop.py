"""Drops the waiting samples of an output: through the running agent, or in a stopped agent's folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from orbital_buffer.inspection.wording import nothing_kept
from orbital_buffer.model import removal
from orbital_sentinel.buffer.access import stopped_buffer, why_silent
from orbital_sentinel.buffer.offline import offline_buffer
from orbital_sentinel.client.locate import client
from orbital_sentinel.errors import Failure
from orbital_sentinel.process import loop
from orbital_sentinel.terminal.times import older_than as age_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orbital_sentinel.client.client import Client
    from orbital_sentinel.terminal.times import Age


@dataclass(frozen=True, slots=True)
class PlannedDrop:
    """A drop that was counted but not executed."""

    samples: int
    drop: Callable[[], tuple[int, int]]
    """Executes it; returns the samples dropped, and those that still wait for this output."""


def plan_drop(config: Path | None, output: str, older_than: str) -> PlannedDrop:
    """Count what would be dropped.

    Raises:
        Failure: There is no such output.
        Misuse: `older_than` is not a duration.
    """
    age = age_of(older_than)
    agent = client(config)
    silent = why_silent(agent)
    if silent is None:
        return _live(agent, output, age)
    before = age and age.before_ms
    with stopped_buffer(config, silent) as directory:
        known = directory.log.positions
        if output not in known:
            raise Failure(nothing_kept(output, known))
        samples = removal.counted(directory.log, output, before)
    return PlannedDrop(samples, lambda: loop.run(_at_rest(config, output, before)))


def _live(agent: Client, output: str, age: Age | None) -> PlannedDrop:
    def ask(more: dict[str, Any]) -> dict[str, int]:
        query = {"output": output} | ({} if age is None else {"older_than": age.asked})
        return agent.post(f"/api/v1/buffer/drop?{urlencode(query | more)}")

    def drop() -> tuple[int, int]:
        told = ask({})
        return told["samples"], told["waiting"]

    return PlannedDrop(ask({"count": 1})["samples"], drop)


async def _at_rest(config: Path | None, output: str, before: int | None) -> tuple[int, int]:
    async with offline_buffer(config).opened() as buffer:
        return await buffer.remove(output, before_ms=before), buffer.waiting(output)
