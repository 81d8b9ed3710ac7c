"""Asks many addresses, a few at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orbital_sdk import CollectError
from orbital_sentinel.discovery.result import Discovered, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from orbital_sdk.probe import Probe
    from orbital_sentinel.discovery.result import Result


async def sweep(
    addresses: Iterable[str],
    probes: Mapping[str, Probe],
    out: Result,
    *,
    concurrency: int,
    step: Callable[[], None],
) -> None:
    """Ask every address by every protocol.

    Args:
        addresses: Whom to ask.
        probes: By protocol.
        out: Filled with who answers, in the order of the addresses; as far as it came where it is cut short.
        concurrency: Addresses at once.
        step: Called for each address that is done.
    """
    numbered = enumerate(addresses)
    places: dict[str, int] = {}

    async def work() -> None:
        for place, host in numbered:  # all workers take from the same iterator
            places[host] = place
            for protocol, probe in probes.items():
                await _look(host, protocol, probe, out)
            out.asked += 1
            step()
            await asyncio.sleep(0)  # a probe may answer without waiting; the loop has others

    try:
        await asyncio.gather(*(work() for _ in range(concurrency)))
    finally:
        out.found.sort(key=lambda one: places[one.host])
        out.refused.sort(key=lambda one: places[one.host])


async def _look(host: str, protocol: str, probe: Probe, out: Result) -> None:
    try:
        answer = await probe.look(host)
    except CollectError as error:
        out.refused.append(Refusal(host, protocol, str(error)))
    else:
        if answer is not None:
            out.found.append(Discovered(host, protocol, answer))
