"""The current credentials of this sentinel at Core, and registration when they are missing or lost."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from orbital_gravital.credentials import Credentials, load, load_for, save
from orbital_gravital.errors import CoreError
from orbital_runtime.sender.pacing.backoff import backoff
from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from orbital_runtime.clock import Clock

log = logging.getLogger("orbital.core")

CALM: Final = 600.0
"""Seconds that an identity must be valid before the count of its losses restarts."""


class Account:
    """The credentials: read from a file, or obtained by registering if there are none or Core lost them.

    Args:
        register: Registers at Core; raises `CoreError`.
        path: The credentials file.
        url: Address of Core; credentials from another Core are not used.
        clock: For pauses.
        given: Credentials in the configuration; if present the file is not read.
        retry: First and longest pause between attempts, in seconds.
        on_known: Called with credentials obtained by registering.
    """

    def __init__(
        self,
        register: Callable[[], Awaitable[Credentials]],
        path: Path,
        *,
        url: str,
        clock: Clock,
        given: Credentials | None = None,
        retry: tuple[float, float] = (1.0, 300.0),
        on_known: Callable[[Credentials], None] = lambda _: None,
    ) -> None:
        self._register = register
        self._path = path
        self._url = url
        self._clock = clock
        self._retry = retry
        self._on_known = on_known
        self._known = asyncio.Event()
        self._wanted = asyncio.Event()
        self._since = float("-inf")
        self._relapses = 0
        """Consecutive identities that Core lost soon."""
        self._confirmed = float("-inf")
        """When registering last returned the same identity that a call reported as lost."""
        self._logged_id = ""
        """The id for which it was logged that Core knows this sentinel."""
        self.credentials: Credentials | None = None
        self.trouble = ""
        """Why there are no credentials, as a message."""
        found = given or self._kept()
        if found is None:
            self._wanted.set()
        else:
            self._take(found)
            log.info(
                "this sentinel is %s according to its credentials; asking Core", found.sentinel_id
            )

    @property
    def lost(self) -> bool:
        """Whether to register: there are no credentials, or Core does not know them."""
        return self._wanted.is_set()

    @property
    def confirmed(self) -> bool:
        """Whether Core recently gave the same identity again although a call reported it as lost."""
        return self._clock.steady() - self._confirmed < CALM

    async def current(self) -> Credentials:
        """Wait for credentials that are not known to be lost."""
        while self.credentials is None or self.lost:
            await self._known.wait()
        return self.credentials

    def accepted(self) -> None:
        """Core accepted the identity. Logged once for each identity."""
        if self.credentials is None or self.lost:
            return
        if self.credentials.sentinel_id != self._logged_id:
            self._logged_id = self.credentials.sentinel_id
            log.info("known at Core as %s", self._logged_id)

    def invalidate(self, used: Credentials, reason: str) -> None:
        """Core does not know these credentials: register again. Ignored for older credentials, and for an
        identity that Core has just confirmed: then Core, or a proxy before it, refuses only the call.
        """
        if self.lost or self.credentials is None or not self.credentials.same_identity(used):
            return
        if self.confirmed:
            return
        log.warning("Core does not know this sentinel any more, registering again (%s)", reason)
        self.trouble = reason
        self._known.clear()
        self._wanted.set()

    async def run(self) -> None:
        """Register whenever needed, until cancelled: at first at once, then with pauses."""
        while True:
            await self._wanted.wait()
            calm = self._clock.steady() - self._since >= CALM
            self._relapses = 0 if calm else self._relapses + 1
            before, found = self.credentials, await self._registered()
            if before is not None and found.same_identity(before):
                self._confirmed = self._clock.steady()
            self._take(found)
            self.accepted()
            if before is not None and before.sentinel_id != found.sentinel_id:
                log.warning(
                    "Core knows this sentinel as %s from now on: tasks stay with %s, which Core forgot, "
                    "until somebody assigns them to the new one", found.sentinel_id, before.sentinel_id,
                )  # fmt: skip
            self._keep(found)
            self._on_known(found)

    async def _registered(self) -> Credentials:
        """Register, with retries, until it succeeds."""
        failures, (base, cap) = 0, self._retry
        wish: float | None = None
        while True:
            if pauses := failures + self._relapses:
                await asyncio.sleep(
                    backoff(pauses, base=base, cap=cap, chance=1.0, retry_after=wish)
                )
            try:
                return await self._register()
            except CoreError as error:
                failures, wish = failures + 1, error.retry_after
                level = logging.WARNING if str(error) != self.trouble else logging.DEBUG
                log.log(level, "not registered at Core yet: %s", error)
                self.trouble = str(error)

    def _take(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self.trouble = ""
        self._since = self._clock.steady() if self._wanted.is_set() else float("-inf")
        self._wanted.clear()
        self._known.set()

    def _kept(self) -> Credentials | None:
        try:
            found, other = load_for(self._path, self._url), load(self._path)
        except ConfigurationError as error:
            log.warning("%s", error)
            return None
        if found is None and other is not None:
            log.warning(
                "the credentials in %s are those of %s and stay there; registering at %s",
                self._path, other.core_url, self._url,
            )  # fmt: skip
        return found

    def _keep(self, credentials: Credentials) -> None:
        try:
            save(self._path, credentials)
        except OSError as error:
            reason = error.strerror or error
            log.warning("the credentials of Core cannot be kept in %s: %s", self._path, reason)
