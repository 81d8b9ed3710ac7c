"""Several addresses of one destination: the first that works gets everything."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from orbital_sdk import WriterUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orbital_remote_write.client import Client
    from orbital_sdk import WriteAnswer

HOLD: Final = 30.0
"""Seconds for which an address that failed is asked last, unless it said how long itself."""
LONGEST: Final = 3600.0
"""Seconds; one that asks for more gets this, as with an output of one address."""
_log: Final = logging.getLogger("orbital.remote_write")


class Failover:
    """Posts to the first address that is not known to be down.

    Only `WriterUnavailable` moves on to the next one: what an address says about the samples or about
    the settings is said of all.

    Args:
        clients: In order of preference.
        patience: Seconds after which one `post` tries no further address.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        clients: Sequence[Client],
        *,
        patience: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clients = tuple(clients)
        self._patience = patience
        self._clock = clock
        self._down: dict[Client, float] = {}
        """Until when an address is asked last."""
        self._last = self._clients[0]

    @property
    def address(self) -> str:
        """The one that took a request last, for people."""
        return self._last.address

    def post(self, body: bytes) -> WriteAnswer:
        """As `Client.post`; raises `WriterUnavailable` when no address takes it."""
        start, failed = self._clock(), list[WriterUnavailable]()
        for client in self._order():
            if failed and self._clock() - start > self._patience:
                break
            try:
                answer = client.post(body)
            except WriterUnavailable as error:
                failed.append(error)
                self._down[client] = self._clock() + min(error.retry_after or HOLD, LONGEST)
                continue
            self._took(client, failed)
            return answer
        raise _joined(failed) from failed[-1]

    def close(self) -> None:
        """Close all connections."""
        for client in self._clients:
            client.close()

    def _order(self) -> list[Client]:
        """Those that may be up by preference, then the others, the one down longest first."""
        now = self._clock()
        until = [(self._down.get(client, 0.0), client) for client in self._clients]
        down = sorted((each for each in until if each[0] > now), key=lambda each: each[0])
        return [client for at, client in until if at <= now] + [client for _, client in down]

    def _took(self, client: Client, failed: Sequence[WriterUnavailable]) -> None:
        self._down.pop(client, None)
        if client is not self._last:
            why = f" ({failed[-1]})" if failed else ""
            _log.warning("samples go to %s from now on%s", client.address, why)
            self._last = client


def _joined(errors: Sequence[WriterUnavailable]) -> WriterUnavailable:
    waits = [error.retry_after for error in errors if error.retry_after is not None]
    return WriterUnavailable(
        "; ".join(str(error) for error in errors),
        retry_after=min(waits) if len(waits) == len(errors) else None,
        sent=any(error.sent for error in errors),
    )
