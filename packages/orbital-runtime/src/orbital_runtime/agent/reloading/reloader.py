"""Reads the configuration again on request or when its files change, and applies it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from typing import TYPE_CHECKING, Protocol

from orbital_runtime.agent.lifecycle.state import State
from orbital_runtime.agent.reloading.apply import at_next_start
from orbital_runtime.agent.reloading.watch import changes
from orbital_runtime.guard.wording import named
from orbital_runtime.reload import Reload
from orbital_runtime.settings import SettingsError, difference, load
from orbital_runtime.slices import without_collector
from orbital_runtime.threads import in_background

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from orbital_runtime.agent.assembly import Stations
    from orbital_runtime.clock import Clock
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.processor.processors import Running
    from orbital_runtime.settings import Loaded
    from orbital_runtime.telemetry.systemd import Service

log = logging.getLogger("orbital.agent")


class Owner(Protocol):
    """The agent, as a reload needs it."""

    loaded: Loaded
    registry: Registry
    clock: Clock
    environ: Mapping[str, str]
    stations: Stations

    @property
    def state(self) -> State: ...

    async def follow(self, new: Loaded, ready: Sequence[Running]) -> None:
        """Apply another configuration, whose processors are started."""
        ...

    def reloaded(self, outcome: Reload) -> None:
        """Called after each reload, also a refused one."""
        ...


def _at_start(loaded: Loaded, now: int) -> Reload:
    """The file was read at the start; if it was refused then, the last good configuration is in effect."""
    if loaded.fallback is None:
        return Reload(0, now)
    return Reload(now, loaded.fallback.kept_ms, loaded.fallback.problems)


class Reloader:
    """One reload at a time.

    Args:
        agent: Its configuration is reloaded.
        service: Notified of the start and end of a reload.
    """

    def __init__(self, agent: Owner, service: Service) -> None:
        self.last: list[str] = []
        """Changes of the last reload that changed something."""
        self.outcome = _at_start(agent.loaded, agent.clock.utc_ms())
        self._agent = agent
        self._service = service
        self._began = agent.loaded.settings
        self._lock = asyncio.Lock()

    async def reload(self, by: str) -> list[str]:
        """Read the configuration again and apply what changed.

        Args:
            by: Who asked, as in `Reload.by`.

        Returns:
            The changes, as lines; empty if there are none.

        Raises:
            SettingsError: The new one has errors; the old one stays in effect.
        """
        async with self._lock:
            try:
                changed = await self._reload()
            except SettingsError as error:
                self._settle(by, [str(problem) for problem in error.problems])
                raise
            except Exception as error:
                self._settle(by, [f"it failed half-way, restart the agent: {named(error)}"])
                raise
            self._settle(by, changes=changed)
            return changed

    async def _reload(self) -> list[str]:
        with self._service.reloading(), without_collector():
            new, lines = await in_background(self._read)  # ten thousand tasks: a second or two
            if self._agent.state is not State.RUNNING:
                return []
            ready = await self._agent.stations.processors.prepare(new.processors)
            old = self._agent.loaded
            await self._agent.follow(new, ready)
            self._agent.stations.updates.look_soon()
            changed = [*lines, *self._log_changes(old, new, lines)]
            self.last = changed or self.last
            return changed

    def soon(self, by: str) -> None:
        """Reload in the background."""
        asyncio.create_task(self._reload_or_log(by), name="reload")  # noqa: RUF006 (the lock holds it)

    async def watch(self) -> None:
        """Reload when the files change, until cancelled; return at once if that is disabled."""
        loaded = self._agent.loaded
        section = loaded.settings.plugins
        if not section.auto_reload or not loaded.watched:
            return
        looking = changes(self._paths, loaded.seen, section.reload_interval)
        async with aclosing(looking) as changed:
            async for _ in changed:
                await self._reload_or_log("file")

    async def watch_secrets(self) -> None:
        """Reload when secrets change that no file holds, until cancelled."""
        while self._agent.loaded.settings.plugins.auto_reload:
            await asyncio.sleep(self._agent.loaded.settings.secrets.refresh)
            if await in_background(self._agent.loaded.secrets.changed):
                await self._reload_or_log("secret")

    def _settle(
        self, by: str, problems: Sequence[str] = (), *, changes: Sequence[str] = ()
    ) -> None:
        now = self._agent.clock.utc_ms()
        successful = self.outcome.successful_ms if problems else now
        self.outcome = Reload(now, successful, problems, changes, by)
        self._agent.reloaded(self.outcome)

    def _paths(self) -> tuple[Path, ...]:
        return self._agent.loaded.look_at()

    def _read(self) -> tuple[Loaded, list[str]]:
        old = self._agent.loaded
        registry = self._agent.registry
        registry.refresh()
        new = load(old.path, self._agent.environ, registry=registry, before=old)
        return new, difference(old, new)

    def _log_changes(self, old: Loaded, new: Loaded, lines: Sequence[str]) -> list[str]:
        """Log the changes. Returns those that need a restart."""
        later = list(at_next_start(self._began, old.settings, new.settings))
        for line in (*lines, *later):
            log.info("reloaded: %s", line)
        for note in new.notes:
            if note not in old.notes:
                log.warning("%s", note)
        return later

    async def _reload_or_log(self, by: str) -> None:
        try:
            if not await self.reload(by):
                log.info("reloaded: nothing changed")
        except SettingsError as error:
            for problem in error.problems:
                log.error("%s", problem)  # noqa: TRY400 (the message is enough)
            log.error("the new configuration has errors, the old one stays in effect")  # noqa: TRY400 (as above)
        except Exception:
            log.exception("the reload failed half-way; restart the agent")
