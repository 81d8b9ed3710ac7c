"""Probes many addresses, a few at once."""

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
    step: Callable[[str], None],
) -> None:
    """Probe every address with every protocol.

    Args:
        addresses: The addresses to probe.
        probes: Probes by protocol.
        out: Filled with the results in the order of the addresses, also if the sweep is interrupted.
        concurrency: Addresses probed at once.
        step: Called with each address after it was asked.
    """
    numbered = enumerate(addresses)
    places: dict[str, int] = {}

    async def work() -> None:
        for place, host in numbered:  # all workers share the iterator
            places[host] = place
            for protocol, probe in probes.items():
                await _look(host, protocol, probe, out)
            out.asked += 1
            step(host)
            await asyncio.sleep(0)  # let others run: a probe may never wait

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
