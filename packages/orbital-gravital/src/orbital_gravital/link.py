"""The link to Core: identity, tasks, heartbeats, reports and device states. The agent never waits for it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from orbital_gravital.calls.client import CoreClient
from orbital_gravital.devices.neighbors import Neighbors
from orbital_gravital.devices.states import DeviceStates
from orbital_gravital.identity.account import Account
from orbital_gravital.identity.line import Line
from orbital_gravital.identity.registration import register
from orbital_gravital.machine.heartbeat import Heartbeat
from orbital_gravital.reports.report import report_of
from orbital_gravital.reports.reports import Reports
from orbital_gravital.samples.writer import CoreWriter
from orbital_gravital.standing import CoreStanding
from orbital_gravital.tasks.assigned import Assigned
from orbital_gravital.tasks.cache import TaskCache
from orbital_gravital.tasks.fetching import Fetching
from orbital_runtime.slices import in_slices

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from orbital_gravital.credentials import Credentials
    from orbital_gravital.plan import Plan
    from orbital_runtime.extensions import ExtensionHost
    from orbital_runtime.model import Run, Task
    from orbital_sdk import Batch

log = logging.getLogger("orbital.core")

CANCEL_GRACE: Final = 3.0
"""Time limit at stop for sending states and reports, in seconds."""
AFTER_A_BUG: Final = 60.0
"""Seconds until a loop that raised is started again."""


class CoreLink:
    """Everything that calls Core. Create it on the event loop.

    Args:
        plan: Its parameters.
        host: The agent's interface.
    """

    def __init__(self, plan: Plan, host: ExtensionHost) -> None:
        self._plan = plan
        self._host = host
        self._client = CoreClient(plan.url, plan.section)
        self.account = Account(
            self._register, plan.credentials, url=self._client.url, clock=host.clock,
            given=plan.given, retry=plan.retry, on_known=self._known_as,
        )  # fmt: skip
        timeout, clock = plan.section.timeout, host.clock
        self.line = Line(self._client, self.account, timeout=timeout, retry=plan.retry)
        self.line.on_return = host.send_now
        self.assigned = Assigned()
        self.reports = Reports(self.line, self.assigned.triggers.reporting)
        self.states = DeviceStates(self.line, clock, self._device_type, gather=plan.gather)
        self.neighbors = Neighbors(self.line, clock, host.metadata, gather=plan.gather)
        self.heartbeat = Heartbeat(
            self.line, plan.heartbeat, counts=host.counts, volume=plan.data,
            version=plan.applicant.version, clock=clock,
        )  # fmt: skip
        self.heartbeat.on_heard = self.account.accepted
        self.heartbeat.on_refresh = self.refresh
        self.heartbeat.on_reload = host.reload
        self._fetching = Fetching(
            self.line, self.assigned, TaskCache(plan.data), heartbeat=self.heartbeat,
            reports=self.reports, host=host, interval=plan.fetch_interval,
        )  # fmt: skip
        self.reports.missing.on_doubt = self.refresh
        self._running: list[asyncio.Task[None]] = []

    def writer(self) -> CoreWriter:
        """The writer of the output that delivers samples to Core."""
        return CoreWriter(self.line)

    async def start(self) -> None:
        """Start with the cached tasks; Core is called in the background."""
        await self._fetching.recall()
        loops = {
            "identity": self.account.run,
            "heartbeat": self.heartbeat.run,
            "tasks": self._fetching.run,
            "reports": self.reports.run,
        }
        if self._plan.sends_states:
            loops["states"] = self.states.run
        if self._plan.tells_neighbors:
            loops["neighbours"] = self.neighbors.run
        self._running = [
            asyncio.create_task(_restarting(name, work), name=f"core {name}")
            for name, work in loops.items()
        ]

    async def stop(self) -> None:
        """Send pending states and reports for `CANCEL_GRACE` seconds at most, then stop. Idempotent."""
        running, self._running = self._running, []
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
            await self._flush()
        self.reports.abandon()
        self.line.close()

    def ran(self, task: Task, run: Run) -> None:
        """A run ended. Reported if the task is Core's; the device state is updated for every task."""
        if task.source == "core":
            self.reports.add(report_of(task.id, run, task.warning))
        if self._plan.sends_states and self._host.runs(task):
            self.states.ran(task, run)

    async def keep(self, tasks: Iterable[Task]) -> None:
        """Set all current tasks, local ones included; device states from other tasks are forgotten."""
        if self._plan.sends_states:
            await self.states.keep({t.key: t.device_id async for t in in_slices(tasks)})

    @property
    def witness(self) -> Callable[[Batch], None] | None:
        """The callback for batches that the buffer accepted, or None."""
        return self.neighbors.see if self._plan.tells_neighbors else None

    def inherit(self, older: CoreLink) -> None:
        """Take over the state of a stopped link, as far as it is valid for this Core."""
        same = self.line.address == older.line.address
        self.reports.inherit(older.reports, same_core=same)
        if same:
            self.states.inherit(older.states)

    def standing(self) -> CoreStanding:
        """The state of the connection to Core."""
        account, heart, reports = self.account, self.heartbeat, self.reports
        known = account.credentials if not account.lost else None
        return CoreStanding(
            address=self.line.address,
            sentinel_id="" if known is None else known.sentinel_id,
            trouble=account.trouble or self._fetching.trouble,
            heartbeats=heart.succeeded,
            heartbeats_failed=heart.failed,
            last_heartbeat_ms=heart.last_ms,
            tasks=self.assigned.able,
            unusable=self.assigned.unusable(),
            reports=reports.tally.sent,
            reports_waiting=reports.waiting,
            reports_refused=reports.tally.refused,
            reports_given_up=reports.tally.given_up,
            reports_dropped=reports.tally.dropped,
        )

    def refresh(self) -> None:
        """Fetch the task list now."""
        self._fetching.now()

    async def _register(self) -> Credentials:
        return await self.line.within(partial(register, self._client, self._plan.applicant))

    def _known_as(self, found: Credentials) -> None:
        self._host.send_now()
        self._host.set_identity(found.sentinel_id)

    def _device_type(self, task: Task) -> str:
        return self.assigned.device_type(task.id) if task.source == "core" else ""

    async def _flush(self) -> None:
        why = self.account.trouble or self._fetching.trouble or "no time left"
        if self.account.credentials is not None and not self.account.lost:
            words = [
                self.reports.flush(),
                *([self.states.send_due()] if self._plan.sends_states else []),
            ]
            with suppress(TimeoutError):
                async with asyncio.timeout(CANCEL_GRACE):
                    ends = await asyncio.gather(*words, return_exceptions=True)
                    why = next((str(end) for end in ends if end), why)
        if self.reports.waiting:
            log.warning(
                "%d reports were not sent to Core before the stop: %s", self.reports.waiting, why
            )


async def _restarting(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run a loop, log any exception and start it again after a pause; other loops are not affected."""
    while True:
        try:
            await work()
        except Exception:
            log.exception(
                "the agent has a bug: %s with Core failed; it starts again in %g s",
                name,
                AFTER_A_BUG,
            )
            await asyncio.sleep(AFTER_A_BUG)
