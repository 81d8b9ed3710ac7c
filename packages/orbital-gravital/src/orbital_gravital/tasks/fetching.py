"""Fetches the list of tasks periodically or on request, and applies it to the agent."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from orbital_gravital.calls.client import PREFIX
from orbital_gravital.errors import CoreError, IdentityLost
from orbital_gravital.reports.report import unusable
from orbital_gravital.tasks.spec import entries
from orbital_runtime.threads import in_background

if TYPE_CHECKING:
    from collections.abc import Sequence

    import msgspec

    from orbital_gravital.credentials import Credentials
    from orbital_gravital.identity.line import Line
    from orbital_gravital.machine.heartbeat import Heartbeat
    from orbital_gravital.reports.reports import Reports
    from orbital_gravital.tasks.assigned import Assigned, News
    from orbital_gravital.tasks.cache import TaskCache
    from orbital_runtime.extensions import ExtensionHost

log = logging.getLogger("orbital.core")

TASKS: Final = "/sentinel-tasks"


class Fetching:
    """Fetches lists of tasks, one at a time.

    Args:
        line: To Core.
        assigned: Takes the tasks of each list.
        cache: Keeps the last list.
        heartbeat: Tells whether Core knows this sentinel.
        reports: Reports tasks that cannot run.
        host: The agent.
        interval: Seconds between two lists.
    """

    def __init__(
        self,
        line: Line,
        assigned: Assigned,
        cache: TaskCache,
        *,
        heartbeat: Heartbeat,
        reports: Reports,
        host: ExtensionHost,
        interval: float,
    ) -> None:
        self._line = line
        self._assigned = assigned
        self._cache = cache
        self._cached_for: Credentials | None = None
        self._heartbeat = heartbeat
        self._reports = reports
        self._host = host
        self._interval = interval
        self._wanted = asyncio.Event()
        self._unreadable = 0
        """Unreadable entries of the last list."""
        self._shared = False
        """Whether it was logged that another host uses this identity."""
        self.trouble = ""
        """Why the last fetch failed."""

    def now(self) -> None:
        """Fetch as soon as possible."""
        self._wanted.set()

    async def recall(self) -> None:
        """Apply the cached list, so that tasks run before Core answers."""
        known = self._line.account.credentials
        if known is None:
            return
        kept = await in_background(self._cache.load, known)
        self._log(await self._assigned.take(kept, self._host.binder()))
        self._assigned.triggers.clear()  # the cached times are outdated
        if kept:
            self._cached_for = known
            log.info("%s of Core, known from before", _tasks(len(kept)))

    async def run(self) -> None:
        """Fetch, until cancelled."""
        failures = 0
        while True:
            self._wanted.clear()
            try:
                await self._fetch()
            except CoreError as error:
                failures += 1
                level = logging.WARNING if str(error) != self.trouble else logging.DEBUG
                log.log(level, "Core's tasks stay as they are: %s", error)
                self.trouble = str(error)
                await self._line.pause(failures, error)
            else:
                failures, self.trouble = 0, ""
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._interval):
                        await self._wanted.wait()

    async def _fetch(self) -> None:
        account = self._line.account
        used = await account.current()
        doubted = self._reports.missing.doubted
        answer = await self._line.get(TASKS)
        try:
            found, _ = entries(answer, f"GET {self._line.address}{PREFIX}{TASKS}")
        except IdentityLost as error:
            account.invalidate(used, str(error))
            raise
        await asyncio.sleep(0)  # decoding a long answer is one step
        if not found and self._assigned.able:
            await self._heartbeat.beat()  # an unknown sentinel gets an empty list too
        now = account.credentials
        if not account.lost and now is not None and now.same_identity(used):
            await self._take(found, used)  # not a list for an identity lost meanwhile
            self._reports.missing.decide(doubted, self._assigned)

    async def _take(self, found: Sequence[msgspec.Raw], used: Credentials) -> None:
        news = await self._assigned.take(found, self._host.binder())
        self._log(news)
        for task_id, why in news.unusable.items():
            self._reports.add(unusable(task_id, why, self._host.clock.utc_ms()))
        if news.changed:
            await self._apply()
        if news.changed or self._cached_for is None or not self._cached_for.same_identity(used):
            self._cached_for = used
            await in_background(self._cache.save, found, used)
        for key in news.triggered:
            self._host.trigger(key)

    def _log(self, news: News) -> None:
        for task_id, why in news.unusable.items():
            log.error("task %s of Core cannot run: %s", task_id, why)
        for task_id, warning in news.odd.items():
            log.warning("task %s of Core runs, but: %s", task_id, warning)
        if news.unreadable > self._unreadable:
            log.error(
                "%d entries of Core's list have no id, or one that is not unique", news.unreadable
            )
        self._unreadable = news.unreadable
        if news.foreign and not self._shared:
            self._shared = True
            log.warning(
                "another sentinel also reports task %s: a host of the same name (%s) is the same sentinel to "
                "Core. Change one of the two host names and register again",
                news.foreign[0], socket.gethostname(),
            )  # fmt: skip

    async def _apply(self) -> None:
        able, unable = self._assigned.able, len(self._assigned.unusable())
        also = f", and {unable} that cannot run" if unable else ""
        log.info("Core's tasks changed, now %s%s", _tasks(able), also)
        await asyncio.sleep(0)
        await self._host.apply()


def _tasks(number: int) -> str:
    return f"{number} task{'' if number == 1 else 's'}"
