"""The link to Core from settings: whether there is one, and what it asks of the agent."""

from __future__ import annotations

import asyncio
import logging
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import SecretStr

from orbital_runtime import paths
from orbital_runtime.agent.assembly import CORE, core_output
from orbital_runtime.core.apart import Apart
from orbital_runtime.core.client import CoreClient
from orbital_runtime.core.heartbeat import Counts
from orbital_runtime.core.link import CoreLink
from orbital_runtime.core.plan import Plan, Wishes
from orbital_runtime.core.registration import Applicant
from orbital_runtime.settings.credentials import (
    Credentials,
    core_url,
    credentials_path,
    known,
    on_file,
)
from orbital_runtime.settings.validation.binding import Binder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orbital_runtime.agent.agent import Agent
    from orbital_runtime.model import Task
    from orbital_runtime.settings import Settings
    from orbital_runtime.telemetry.sources import CoreStanding

log = logging.getLogger("orbital.agent")


class Core:
    """The agent's side of Core: there is a link, or there is none.

    Args:
        agent: Whose tasks, outputs and identity it is about.
    """

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self.link: CoreLink | None = None
        self._apart = Apart(paths.data_dir(agent.environ), self._number)

    def tasks(self) -> list[Task]:
        """Those that Core assigned to us."""
        return [] if self.link is None else self.link.assigned.tasks()

    async def apart(self, tasks: Sequence[Task]) -> Sequence[Task]:
        """These tasks; in mode `core` those with their id that Core could not tell from others."""
        if self._agent.settings.sender.mode != "core":  # other destinations get each sample's task
            return tasks
        return await self._apart.tell(tasks)

    def _number(self, task: Task) -> int:
        known = self.link if task.source == "core" else None
        return 0 if known is None else known.assigned.number(task.id)

    def known_as(self, settings: Settings) -> tuple[str, str]:
        """The id and the name that Core knows us by, as far as it does."""
        if settings.sentinel.id and settings.core.api_token.get_secret_value():
            return settings.sentinel.id, ""
        found = known(settings.core)
        return ("", "") if found is None else (found.sentinel_id, found.name)

    def standing(self) -> CoreStanding | None:
        """How it stands; None without a link."""
        return None if self.link is None else self.link.standing()

    async def start(self) -> None:
        """Link, where the configuration or credentials from before say so."""
        agent = self._agent
        plan = plan_of(agent.settings, agent.version, agent.environ)
        if plan is not None:
            self.link = CoreLink(plan, _wishes(agent), clock=agent.clock)
            agent.stations.listeners.all.append(self.link.ran)
            if plan.tells_neighbors:
                agent.stations.engine.hand_over.witness = self.link.neighbors.see
            await self.link.start()
        await self._output()

    async def follow(self, old: Settings) -> None:
        """After a reload: a new link where anything about it changed."""
        if _about_core(old) != _about_core(self._agent.settings):
            before = self.link
            await self.stop()
            await self.start()
            if before is not None and self.link is not None:
                self.link.inherit(before)
        elif self.link is not None:
            self.link.assigned.forget_bindings()
            self.link.refresh()

    async def stop(self) -> None:
        """Last words, and no more. Safe twice."""
        link, self.link = self.link, None
        if link is not None:
            self._agent.stations.listeners.all.remove(link.ran)
            self._agent.stations.engine.hand_over.witness = None
            await link.stop()

    async def _output(self) -> None:
        """In mode `core` samples go to Core, or wait for one; in other modes it only gets those that wait."""
        agent, stations = self._agent, self._agent.stations
        if agent.settings.sender.mode != "core":
            await stations.sender.remove(CORE)
            if CORE in stations.buffer.outputs():
                stations.buffer.orphan(CORE)
            if self.link is not None and stations.buffer.waiting(CORE):
                await stations.sender.finish(core_output(agent.settings, self.link.writer()))
        elif self.link is None:
            await stations.sender.remove(CORE)
            stations.buffer.attach(CORE)
        else:
            await stations.sender.replace(core_output(agent.settings, self.link.writer()))


def _about_core(settings: Settings) -> tuple[object, ...]:
    fetching = settings.collector.task_fetch_interval
    return settings.core, settings.heartbeat, settings.sentinel, settings.sender.mode, fetching


def plan_of(settings: Settings, version: str, environ: Mapping[str, str]) -> Plan | None:
    """What the configuration, and credentials from before, say about Core."""
    url = core_url(settings.core)
    if not url:
        return None
    section, mode = settings.core, settings.sender.mode
    return Plan(
        client=CoreClient(url, section),
        timeout=section.timeout,
        retry=(settings.sender.retry_interval, settings.sender.retry_max_interval),
        applicant=applicant(settings, version),
        credentials=credentials_path(section.credentials_path),
        given=_given(settings, url),
        heartbeat=settings.heartbeat,
        fetch_interval=settings.collector.task_fetch_interval,
        gather=settings.buffer.flush_interval,
        tells_states=mode in ("core", "hybrid"),
        tells_neighbors=mode == "hybrid",
        data=paths.data_dir(environ),
    )


def applicant(settings: Settings, version: str) -> Applicant:
    """What registration says about this sentinel; where the configuration is silent, what it said the last
    time: Core replaces all of it at each registration.
    """
    who, section = settings.sentinel, settings.core
    before = on_file(section) or Credentials("", SecretStr(""))
    same = known(section)
    return Applicant(
        name=who.name or before.name or socket.gethostname(),
        version=version,
        region=who.region or before.region,
        labels=who.labels or before.labels,
        key=section.registration_key,
        known_as="" if same is None else same.sentinel_id,
        allow_insecure_http=section.allow_insecure_http,
    )


def _given(settings: Settings, url: str) -> Credentials | None:
    """An identity that the configuration has: both halves of it."""
    token = settings.core.api_token
    if not (settings.sentinel.id and token.get_secret_value()):
        return None
    return Credentials(settings.sentinel.id, token, url)


def _wishes(agent: Agent) -> Wishes:
    stations = agent.stations

    def trigger(key: str) -> None:
        asyncio.create_task(_triggered(agent, key), name=f"trigger {key}")  # noqa: RUF006 (the scheduler holds it)

    def hurry() -> None:
        stations.sender.hurry(CORE)

    def known_as(sentinel_id: str) -> None:
        hurry()
        if agent.identity.id != sentinel_id:
            agent.become(replace(agent.identity, id=sentinel_id))

    def runs(task: Task) -> bool:
        known = stations.scheduler.states().get(task.key)
        return known is not None and known[0].device_id == task.device_id

    return Wishes(
        apply=agent.apply_tasks,
        trigger=trigger,
        reload=agent.reload_soon,
        binder=lambda: Binder(agent.registry, agent.settings, strict=False),
        counts=lambda: Counts(
            tasks=len(stations.scheduler.states()),
            plugins=len(set(stations.instances.running())),
            uptime=agent.clock.steady() - agent.started,
        ),
        runs=runs,
        hurry=hurry,
        known_as=known_as,
    )


async def _triggered(agent: Agent, key: str) -> None:
    try:
        await agent.stations.scheduler.trigger(key)
    except LookupError as error:
        log.debug("a trigger from Core failed: %s", error)
