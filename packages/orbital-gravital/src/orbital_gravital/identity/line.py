"""The shared connection to Core: threads for blocking calls, the identity, and pauses after failures."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from orbital_gravital.calls.answers import data_of
from orbital_gravital.calls.client import PREFIX
from orbital_gravital.errors import CoreError, CoreUnavailable, IdentityLost
from orbital_runtime.sender.pacing.backoff import backoff
from orbital_sdk.thread_pool import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_gravital.calls.client import CoreClient
    from orbital_gravital.identity.account import Account
    from orbital_http import Reply

T = TypeVar("T")

CHANCE: Final = random.Random()  # noqa: S311 (jitter, no secret)
THREADS: Final = 8
MARGIN: Final = 5.0
"""Seconds after its own timeout at which a call that still hangs is abandoned."""


class Line:
    """Calls Core with this sentinel's identity. Create and close it on the event loop.

    Args:
        client: The blocking client.
        account: The credentials.
        timeout: Time limit of a call, in seconds.
        retry: First and longest pause after failures, in seconds.
    """

    def __init__(
        self, client: CoreClient, account: Account, *, timeout: float, retry: tuple[float, float]
    ) -> None:
        self.account = account
        self.address = client.address
        self._client = client
        self._timeout = timeout
        self._retry = retry
        self._threads = ThreadPool(THREADS, "core")
        self._loop = asyncio.get_running_loop()
        self._there = asyncio.Event()
        self._there.set()
        self.on_return: Callable[[], None] = lambda: None
        """Called when Core answers again after connections failed."""

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 (the thread's own)
    ) -> Any:
        """One JSON call. Waits until there is an identity.

        Raises:
            CoreError: One of its subclasses. After `IdentityLost` a new registration is under way.
        """
        used = await self.account.current()
        call = partial(self._client.call, method, path, body, credentials=used, timeout=timeout)
        try:
            return await self.within(call, timeout)
        except IdentityLost as error:
            self.account.invalidate(used, str(error))
            raise

    async def get(self, path: str) -> Reply:
        """GET; the answer is not checked."""
        used = await self.account.current()
        call = partial(self._client.send, "GET", path, None, credentials=used)
        _, answer = await self.within(call)
        return answer

    def post_now(self, path: str, data: bytes) -> int:
        """POST a gzipped body, from a thread other than the event loop's. Returns the bytes sent.

        Raises:
            CoreError: One of its subclasses.
        """
        used = self.account.credentials
        if used is None or self.account.lost:
            why = self.account.trouble or f"{self.address} did not answer yet"
            raise CoreUnavailable(f"not registered at Core: {why}", sent=False)
        size, answer = self._client.send("POST", path, data, credentials=used, packed=True)
        try:
            data_of(answer, f"POST {self.address}{PREFIX}{path}")
        except IdentityLost as error:
            self._loop.call_soon_threadsafe(self.account.invalidate, used, str(error))
            raise
        return size

    async def within(self, call: Callable[[], T], timeout: float | None = None) -> T:  # noqa: ASYNC109 (requests has its own; this is the net below)
        """Run a blocking call on a thread; abandon it if it exceeds its timeout by `MARGIN`."""
        limit = (timeout or self._timeout) + MARGIN
        try:
            async with asyncio.timeout(limit):
                found = await asyncio.wrap_future(self._threads.submit(call))
        except TimeoutError as error:
            raise CoreUnavailable(f"{self.address} did not answer within {limit:g} s") from error
        except CoreUnavailable as error:
            if _not_connected(error):
                self._there.clear()
            raise
        if not self._there.is_set():
            self._there.set()
            self.on_return()
        return found

    async def pause(self, failures: int, error: CoreError) -> None:
        """Wait after this many consecutive failures, at least as long as Core requested. If connecting had
        failed, the first answer to any call ends all these pauses.
        """
        seconds = backoff(
            failures,
            base=self._retry[0],
            cap=self._retry[1],
            chance=CHANCE.uniform(0.5, 1.0),
            retry_after=error.retry_after,
        )
        if not _not_connected(error):
            await asyncio.sleep(seconds)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._there.wait()

    def close(self) -> None:
        """Close the connections; threads that hang are abandoned."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()


def _not_connected(error: CoreError) -> bool:
    """Whether no connection was established."""
    return isinstance(error, CoreUnavailable) and not error.sent
