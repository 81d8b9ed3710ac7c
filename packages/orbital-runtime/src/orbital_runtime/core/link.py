"""The link to Core, put together: who we are, what to collect, what it is told. Nothing waits for it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from orbital_runtime.core.account import Account
from orbital_runtime.core.assigned import Assigned
from orbital_runtime.core.cache import TaskCache
from orbital_runtime.core.errors import CoreError, IdentityLost
from orbital_runtime.core.heartbeat import Heartbeat
from orbital_runtime.core.line import Line
from orbital_runtime.core.neighbors import Neighbors
from orbital_runtime.core.registration import register
from orbital_runtime.core.report import report_of, unusable
from orbital_runtime.core.reports import Reports
from orbital_runtime.core.spec import entries
from orbital_runtime.core.states import DeviceStates
from orbital_runtime.core.writer import CoreWriter
from orbital_runtime.telemetry.sources import CoreStanding
from orbital_runtime.threads import in_background

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
    from pathlib import Path

    import msgspec

    from orbital_runtime.clock import Clock
    from orbital_runtime.core.client import CoreClient
    from orbital_runtime.core.heartbeat import Counts
    from orbital_runtime.core.registration import Applicant
    from orbital_runtime.scheduler.task import Run, Task
    from orbital_runtime.settings import HeartbeatSection
    from orbital_runtime.settings.binding import Binder
    from orbital_runtime.settings.credentials import Credentials

log = logging.getLogger("orbital.core")

TASKS: Final = "/sentinel-tasks"
LAST_WORDS: Final = 3.0
"""Seconds for reports and states at stop."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the link asks of the agent."""

    apply: Callable[[], Awaitable[None]]
    """The assigned tasks are others now."""
    trigger: Callable[[str], None]
    """Run this task now, by its key."""
    reload: Callable[[], None]
    """Read the configuration again."""
    binder: Callable[[], Binder]
    """Makes tasks, passing over keys that nobody knows."""
    counts: Callable[[], Counts]
    runs: Callable[[Task], bool]
    """Whether this task runs here, on this device, still."""
    known_as: Callable[[str], None]
    """Core knows us under this id."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the configuration says about Core."""

    client: CoreClient
    timeout: float
    """Seconds of one call."""
    retry: tuple[float, float]
    """Seconds of the first pause after a failure, and of the longest."""
    applicant: Applicant
    credentials: Path
    """Their file."""
    given: Credentials | None
    """Those of the configuration itself."""
    heartbeat: HeartbeatSection
    fetch_interval: float
    """Seconds."""
    gather: float
    """Seconds that samples wait for others; news of devices waits no longer."""
    tells_states: bool
    """Whether devices' states go to Core: in the modes `core` and `hybrid`."""
    tells_neighbors: bool
    """Whether neighbours go by their own road, since samples do not go there: in `hybrid`."""
    data: Path
    """The data folder."""


class CoreLink:
    """Everything that speaks to Core. Made on the event loop.

    Args:
        plan: From the configuration.
        wishes: The agent.
        clock: Tells the time.
    """

    def __init__(self, plan: Plan, wishes: Wishes, *, clock: Clock) -> None:
        self._plan = plan
        self._wishes = wishes
        self._clock = clock
        self.account = Account(
            self._register, plan.credentials, url=plan.client.url, clock=clock, given=plan.given,
            retry=plan.retry, on_known=lambda found: wishes.known_as(found.sentinel_id),
        )  # fmt: skip
        self.line = Line(plan.client, self.account, timeout=plan.timeout, retry=plan.retry)
        self.assigned = Assigned()
        self.reports = Reports(self.line, self.assigned.triggers.reporting)
        self.states = DeviceStates(self.line, clock, self._device_type, gather=plan.gather)
        self.neighbors = Neighbors(self.line, clock, gather=plan.gather)
        self.heartbeat = Heartbeat(
            self.line, plan.heartbeat, counts=wishes.counts, volume=plan.data,
            version=plan.applicant.version, clock=clock,
        )  # fmt: skip
        self.heartbeat.on_refresh = self.refresh
        self.heartbeat.on_reload = wishes.reload
        self._cache = TaskCache(plan.data)
        self._refresh = asyncio.Event()
        self._running: list[asyncio.Task[None]] = []
        self.trouble = ""
        """Why the last list of tasks did not come."""

    def writer(self) -> CoreWriter:
        """For the output that delivers samples to Core."""
        return CoreWriter(self.line)

    async def start(self) -> None:
        """Begin, with the tasks that were known last; Core itself is asked beside."""
        known = self.account.credentials
        if known is not None:
            kept = await in_background(self._cache.load, known)
            await self.assigned.take(kept, self._wishes.binder())
            self.assigned.triggers.keep(set())  # its times are of an earlier day
            if kept:
                log.info("%d tasks of Core are known from before", len(kept))
        loops: list[tuple[str, Coroutine[Any, Any, None]]] = [
            ("identity", self.account.run()),
            ("heartbeat", self.heartbeat.run()),
            ("tasks", self._fetch_for_ever()),
            ("reports", self.reports.run()),
        ]
        if self._plan.tells_states:
            loops.append(("states", self.states.run()))
        if self._plan.tells_neighbors:
            loops.append(("neighbours", self.neighbors.run()))
        self._running = [
            asyncio.create_task(_safely(name, work), name=f"core {name}") for name, work in loops
        ]

    async def stop(self) -> None:
        """Tell what is still to be told, for a few seconds at most, and end. Safe twice."""
        running, self._running = self._running, []
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
            await self._last_words()
        self.line.close()

    def ran(self, task: Task, run: Run) -> None:
        """A run ended. Core hears of its own tasks, and of all devices' states."""
        if task.source == "core":
            self.reports.add(report_of(task.id, run))
        if self._plan.tells_states and self._wishes.runs(task):
            self.states.ran(task, run)

    def keep(self, tasks: Iterable[Task]) -> None:
        """These are all tasks now, local ones too: what others said of their devices is forgotten."""
        if self._plan.tells_states:
            self.states.keep({task.key: task.device_id for task in tasks})

    def standing(self) -> CoreStanding:
        """How it stands with Core."""
        account, heart, reports = self.account, self.heartbeat, self.reports
        known = account.credentials if not account.lost else None
        return CoreStanding(
            address=self.line.address,
            sentinel_id="" if known is None else known.sentinel_id,
            trouble=account.trouble or self.trouble,
            heartbeats=heart.succeeded,
            heartbeats_failed=heart.failed,
            last_heartbeat_ms=heart.last_ms,
            tasks=len(self.assigned.tasks()),
            unusable=self.assigned.unusable(),
            reports=reports.sent,
            reports_waiting=reports.waiting,
            reports_refused=reports.refused,
            reports_given_up=reports.given_up,
            reports_dropped=reports.dropped,
        )

    def refresh(self) -> None:
        """Fetch the tasks now."""
        self._refresh.set()

    # ---- tasks ----------------------------------------------------------------------------------

    async def _fetch_for_ever(self) -> None:
        failures = 0
        while True:
            self._refresh.clear()
            try:
                await self._fetch()
            except CoreError as error:
                failures += 1
                level = logging.WARNING if str(error) != self.trouble else logging.DEBUG
                log.log(level, "Core's tasks stay as they are: %s", error)
                self.trouble = str(error)
                await self.line.pause(failures, error)
            else:
                failures, self.trouble = 0, ""
                await self._until_next()

    async def _until_next(self) -> None:
        try:
            async with asyncio.timeout(self._plan.fetch_interval):
                await self._refresh.wait()
        except TimeoutError:
            pass

    async def _fetch(self) -> None:
        used = await self.account.current()
        answer = await self.line.get(TASKS)
        try:
            found, _ = entries(answer, f"GET {self.line.address}{TASKS}")
        except IdentityLost as error:
            self.account.lose(used, str(error))
            raise
        if not found and self.assigned.tasks():
            await self.heartbeat.beat()  # an unknown sentinel gets an empty list too
        now = self.account.credentials
        if not self.account.lost and now is not None and now.same_identity(used):
            await self._take(found)  # and not what an identity got that was lost meanwhile

    async def _take(self, found: Sequence[msgspec.Raw]) -> None:
        news = await self.assigned.take(found, self._wishes.binder())
        for task_id, why in news.unusable.items():
            log.error("task %s of Core cannot run: %s", task_id, why)
            self.reports.add(unusable(task_id, why, self._clock.utc_ms()))
        if news.unreadable:
            log.error("%d entries of Core's list are no tasks", news.unreadable)
        if news.changed:
            able, unable = len(self.assigned.tasks()), len(self.assigned.unusable())
            also = f", and {unable} that cannot run" if unable else ""
            log.info("Core's tasks changed: there are %d%s", able, also)
            await self._wishes.apply()
            if self.account.credentials is not None:
                await in_background(self._cache.save, found, self.account.credentials)
        for key in news.triggered:
            self._wishes.trigger(key)

    # ---- others ---------------------------------------------------------------------------------

    async def _register(self) -> Credentials:
        return await self.line.within(partial(register, self._plan.client, self._plan.applicant))

    def _device_type(self, task: Task) -> str:
        return self.assigned.device_type(task.id) if task.source == "core" else ""

    async def _last_words(self) -> None:
        if self.account.credentials is None or self.account.lost:
            return
        try:
            async with asyncio.timeout(LAST_WORDS):
                await self.reports.flush()
                if self._plan.tells_states:
                    await self.states.tell()
        except (CoreError, TimeoutError) as error:
            waiting = self.reports.waiting
            if waiting:
                log.warning("%d reports never got to Core: %s", waiting, error or "no time left")


async def _safely(name: str, work: Coroutine[Any, Any, None]) -> None:
    """A bug of one loop is told, and costs the others nothing."""
    try:
        await work
    except Exception:
        log.exception("the agent has a bug: its %s with Core ended", name)
