"""Registering again: at once where an identity held for long, with growing pauses where it does not."""

from __future__ import annotations

import asyncio
import contextlib
import itertools

from pydantic import SecretStr

from orbital_gravital.credentials import Credentials
from orbital_gravital.errors import CoreError, CoreUnavailable
from orbital_gravital.identity.account import CALM, Account
from orbital_runtime_testing.clock import LeapClock

URL = "https://core.example.com"
BASE = 0.01


class Desk:
    """Registers whoever asks, under a new id each time."""

    def __init__(self, *errors: CoreError, same: bool = False) -> None:
        self.asked: list[float] = []
        self._same = same
        self._errors = list(errors)
        self._ids = itertools.count()

    async def register(self) -> Credentials:
        self.asked.append(asyncio.get_running_loop().time())
        if self._errors:
            raise self._errors.pop(0)
        name = "s" if self._same else f"s-{next(self._ids)}"
        return Credentials(name, SecretStr("sesame-1948"), URL)


@contextlib.asynccontextmanager
async def account(tmp_path, desk, clock, pause=BASE):
    path = tmp_path / "who.yaml"
    one = Account(desk.register, path, url=URL, clock=clock, retry=(pause, 3600))
    running = asyncio.create_task(one.run())
    try:
        yield one
    finally:
        running.cancel()


async def test_an_identity_that_never_holds_is_asked_for_more_and_more_rarely(tmp_path):
    """Though each registration succeeds: a Core that takes it back at once is not asked every second."""
    desk = Desk()
    async with account(tmp_path, desk, LeapClock()) as one:
        for _ in range(5):
            one.invalidate(await one.current(), "unknown")
        await one.current()
    pauses = [later - earlier for earlier, later in itertools.pairwise(desk.asked)]
    least = [BASE * 2**n for n in range(5)]
    assert all(pause >= wanted * 0.9 for pause, wanted in zip(pauses, least, strict=True))


async def test_an_identity_that_held_is_renewed_at_once(tmp_path):
    """The pause would be an hour."""
    desk, clock = Desk(), LeapClock()
    async with account(tmp_path, desk, clock, pause=3600) as one, asyncio.timeout(60):
        for _ in range(3):
            known = await one.current()
            clock.ahead += CALM
            one.invalidate(known, "unknown")
        await one.current()
    assert len(desk.asked) == 4


async def test_core_is_left_alone_for_as_long_as_it_asks(tmp_path):
    """`Retry-After` of an answer to a registration."""
    desk = Desk(CoreUnavailable("429", retry_after=0.2))
    async with account(tmp_path, desk, LeapClock()) as one, asyncio.timeout(60):
        await one.current()
    first, second = desk.asked
    assert second - first >= 0.2 * 0.9


async def test_an_identity_that_core_gives_again_is_not_lost_with_the_next_refusal(tmp_path):
    """A 403 to one kind of call holds up no other: Core knows us, and is asked again after a while."""
    desk, clock = Desk(same=True), LeapClock()
    async with account(tmp_path, desk, clock) as one, asyncio.timeout(60):
        one.invalidate(await one.current(), "403")
        known = await one.current()
        one.invalidate(known, "403")
        assert not one.lost
        clock.ahead += CALM
        one.invalidate(known, "403")
        assert one.lost
        await one.current()
    assert len(desk.asked) == 3
