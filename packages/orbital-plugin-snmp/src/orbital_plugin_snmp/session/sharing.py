"""Plugin instances that differ in profiles alone share one pool: one socket, one session for each device."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orbital_plugin_snmp.config import SessionConfig
from orbital_plugin_snmp.session.counts import Counts
from orbital_plugin_snmp.session.pool import Pool

if TYPE_CHECKING:
    from pathlib import Path

    from orbital_plugin_snmp.session.opener import Opening
    from orbital_sdk import PluginHost


@dataclass(slots=True)
class Shared:
    """A pool, and how many use it."""

    pool: Pool
    users: int = 0


_pools: dict[
    tuple[asyncio.AbstractEventLoop, SessionConfig, Path | None, Opening | None], Shared
] = {}


class PoolLease:
    """A share in the pool for these settings and this event loop.

    Args:
        config: Only what concerns sessions counts.
        host: Has the folder for what is learned, and counts.
        opener: As of `Pool`.
    """

    def __init__(
        self, config: SessionConfig, host: PluginHost, opener: Opening | None = None
    ) -> None:
        settings = SessionConfig(
            **{name: getattr(config, name) for name in SessionConfig.model_fields}
        )
        self._key = asyncio.get_running_loop(), settings, host.folder, opener
        shared = _pools.get(self._key)
        if shared is None:
            shared = _pools[self._key] = Shared(
                Pool(settings, host.folder, Counts.of(host), opener)
            )
        shared.users += 1
        self.pool = shared.pool

    async def end(self) -> None:
        """Give it back, once. The last one closes the pool."""
        shared = _pools[self._key]
        shared.users -= 1
        if not shared.users:
            del _pools[self._key]
            await shared.pool.close()
