"""One run: finds the address, sends the packets, sums up."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from orbital_plugin_ping.address import Address, look_up, version_of
from orbital_plugin_ping.pinger import plan
from orbital_plugin_ping.reading import Reading
from orbital_plugin_ping.statistics import summarize
from orbital_resolver import Unresolved
from orbital_sdk.text import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_plugin_ping.fields import PingDevice
    from orbital_plugin_ping.pinger import Pinger
    from orbital_sdk import Context

RESERVE: Final = 0.1
"""Share of a task's timeout kept back, half a second at most, so that a run ends before it is cancelled."""


class Probe:
    """Reads hosts.

    Args:
        pinger: The engine, started.
        families: Address families that the settings allow.
        percentiles: Of the round-trip times, 0 to 100.
    """

    def __init__(
        self, pinger: Pinger, families: frozenset[int], percentiles: Sequence[float]
    ) -> None:
        self._pinger = pinger
        self._families = families
        self._percentiles = percentiles
        self._nothing = summarize((), percentiles)

    async def read(self, device: PingDevice, known: Address | None, ctx: Context) -> Reading:
        """Ping a host within what is left of the run's time.

        Args:
            device: The host.
            known: Its address, if it needs no look-up.
            ctx: The run.
        """
        started = time.monotonic()
        seconds = max(0.0, ctx.remaining() - min(0.5, ctx.timeout * RESERVE))
        try:
            address = known or await self._find(device.host, min(device.timeout, seconds / 2))
        except _NoAddress as error:
            took = time.monotonic() - started
            return Reading(
                self._nothing, took, took, reason=f"the name cannot be resolved: {error}"
            )
        resolve = 0.0 if known else time.monotonic() - started
        if address.family not in self._pinger.families:
            reason = f"this machine cannot send IPv{address.version}"
            return Reading(self._nothing, resolve, resolve, address, reason=reason)
        request = plan(
            address,
            count=device.count,
            gap=device.interval,
            timeout=device.timeout,
            seconds=seconds - resolve,
        )
        outcome = await self._pinger.ping(request)
        statistics = summarize(outcome.rtts, self._percentiles)
        reason = outcome.reason or (
            f"no reply to {plural(statistics.sent, 'packet')}" * bool(outcome.rtts)
        )
        took = time.monotonic() - started
        return Reading(statistics, resolve, took, address, outcome, reason)

    async def _find(self, host: str, timeout: float) -> Address:  # noqa: ASYNC109 (part of the reason)
        family = next(iter(self._families)) if len(self._families) == 1 else 0
        try:
            async with asyncio.timeout(timeout):
                addresses = await look_up(host, family=family)
        except TimeoutError:
            reason = f"no answer from the name server within {timeout:.3g} s"
            raise _NoAddress(reason) from None
        except Unresolved as error:
            raise _NoAddress(error.reason) from error
        usable = self._families & self._pinger.families
        for address in addresses:
            if address.family in usable:
                return address
        versions = " or ".join(sorted(f"IPv{version_of(family)}" for family in usable))
        raise _NoAddress(f"no address for {versions}")


class _NoAddress(Exception):  # noqa: N818 (reads as what happened)
    """The message says why."""
