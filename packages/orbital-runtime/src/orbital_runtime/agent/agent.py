"""Starts and stops the parts of the agent in order."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from functools import cache, partial
from typing import TYPE_CHECKING, Final

from orbital_runtime import paths
from orbital_runtime.agent import processing
from orbital_runtime.agent.assembly import assemble, output, telemetry_of
from orbital_runtime.agent.extending import Extensions
from orbital_runtime.agent.identity import identity, kept_id
from orbital_runtime.agent.last_good import keep
from orbital_runtime.agent.lifecycle.signals import Signals
from orbital_runtime.agent.lifecycle.state import Lifecycle, State
from orbital_runtime.agent.orphans import expire_orphans
from orbital_runtime.agent.reloading.apply import apply
from orbital_runtime.agent.reloading.reloader import Reloader
from orbital_runtime.clock import SystemClock
from orbital_runtime.processor.processors import of_output
from orbital_runtime.scheduler.task_log import TaskLog
from orbital_runtime.settings import secrets_of
from orbital_runtime.slices import without_collector
from orbital_runtime.telemetry.sources import Control, Sources
from orbital_runtime.telemetry.systemd import Service
from orbital_runtime.threads import in_background
from orbital_sdk.secrecy import hold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orbital_runtime.clock import Clock
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.processor.processors import Running
    from orbital_runtime.reload import Reload
    from orbital_runtime.settings import Loaded, Settings
    from orbital_sdk import Identity

log = logging.getLogger("orbital.agent")

GRACE: Final = 30.0
"""Seconds to wait for running collections at the stop."""
LAST_FLUSH: Final = 10.0
"""Seconds for outputs to deliver waiting samples at the stop."""


class Agent:
    """A sentinel in this process.

    Args:
        loaded: A checked configuration.
        registry: Installed plugins, writers, processors and extensions.
        clock: For tests.
        version: Of the program.
        environ: For reloads.
    """

    def __init__(
        self,
        loaded: Loaded,
        registry: Registry,
        *,
        clock: Clock | None = None,
        version: str = "",
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.loaded = loaded
        self.registry = registry
        self.clock = clock or SystemClock()
        self.version = version
        self.started = self.clock.steady()
        self.environ = environ
        self.extensions = Extensions(self)
        self._own_id = cache(partial(kept_id, paths.data_dir(environ)))
        self.identity = self._who(loaded.settings)
        data = paths.data_dir(environ)
        self.stations = assemble(lambda: self.settings, registry, self.identity, self.clock, data)
        self._lifecycle = Lifecycle()
        self._stop_asked = asyncio.Event()
        self._applying = asyncio.Lock()
        self.sources = self._sources()
        """Read by telemetry."""
        control = Control(
            self.request_stop, self.reload, self.stations.updates.reload,
            reloaded=lambda: self._reloader.last,
        )  # fmt: skip
        self.telemetry = telemetry_of(loaded.settings.telemetry, self.sources, control, environ)
        self._service = Service(self.sources, environ)
        self._reloader = Reloader(self, self._service)
        self._watching: list[asyncio.Task[None]] = []

    @property
    def state(self) -> State:
        return self._lifecycle.state

    @property
    def settings(self) -> Settings:
        return self.loaded.settings

    async def run(self) -> int:
        """Start, run until a signal or `request_stop`, and stop. Returns the exit code.

        A second signal ends the graceful stop.
        """
        with Signals(
            stop=self.request_stop, reload=self.reload_soon, now=self.clock.steady
        ) as signals:
            await self.start()
            gc.freeze()  # tasks and modules live as long as the process
            await self._stop_asked.wait()
            stopping = asyncio.ensure_future(self.stop())
            hurry = asyncio.ensure_future(signals.again.wait())
            await asyncio.wait({stopping, hurry}, return_when=asyncio.FIRST_COMPLETED)
            hurry.cancel()
            if not stopping.done():
                log.warning("stop requested twice: exiting at once")
                stopping.cancel()
                await self._close()
        return 0

    async def start(self) -> None:
        """Start all parts. Tasks run when this returns."""
        try:
            for note in self.loaded.notes:
                log.warning("%s", note)
            await self.stations.buffer.open()
            await self.telemetry.start()
            await self._bring_up()
            await self.apply_tasks()
            scheduler = self.stations.scheduler
            self.stations.listeners.all.append(TaskLog(self.clock, scheduler.states()))
            scheduler.start()
            self.stations.receivers.look_at([task for task, _ in scheduler.states().values()])
            self.stations.watchdog.start()
            self._watching = [
                asyncio.create_task(self._reloader.watch(), name="watch-configuration"),
                asyncio.create_task(self._reloader.watch_secrets(), name="watch-secrets"),
                asyncio.create_task(
                    expire_orphans(
                        self.stations.buffer,
                        self.stations.sender.status(),
                        self.settings.buffer.orphan_age,
                    ),
                    name="orphans",
                ),
                asyncio.create_task(
                    self.stations.updates.watch(lambda: self.settings.plugins.reload_interval),
                    name="watch-packages",
                ),
                asyncio.create_task(self._service.run(), name="service"),
                asyncio.create_task(self._keep(), name="last-good"),
                asyncio.create_task(processing.flush_regularly(self.stations), name="flush"),
            ]
            self._lifecycle.to(State.RUNNING)
            self._service.ready()
        except BaseException:
            self._lifecycle.to(State.ERROR)
            await self._close()
            raise
        log.info(
            "%s %s is running; tasks: %d, outputs: %d, samples that wait: %d",
            self.identity.name, self.version, len(self.stations.scheduler.states()),
            len(self.stations.sender.status()), self.stations.buffer.usage().samples,
        )  # fmt: skip

    async def start_once(self) -> None:
        """Start what triggered tasks need; the buffer must be open."""
        await self._bring_up()
        await self.stations.tasks.reconcile(await self.extensions.arrange(self.loaded.tasks))
        self.stations.scheduler.start(ticks=False)
        self.stations.watchdog.start()
        self._lifecycle.to(State.RUNNING)

    async def _bring_up(self) -> None:
        self._lifecycle.to(State.REGISTERING)
        ready = await self.stations.processors.prepare(self.loaded.processors)
        for settings in self.loaded.outputs:
            await self.stations.sender.add(output(settings, of_output(ready, settings.name)))
        await processing.change(self.stations, ready, self.loaded, self.identity)
        await self.extensions.start()

    async def stop(self, last_flush: float = LAST_FLUSH) -> None:
        """Stop in order: runs, processors, outputs after a last flush, extensions, plugins. Idempotent.

        Args:
            last_flush: Seconds for outputs to deliver waiting samples.
        """
        if self.state in (State.STOPPING, State.STOPPED):
            return
        self._lifecycle.to(State.STOPPING)
        self._service.stopping()
        log.info("stopping: running collections get %g s, outputs %g s", GRACE, last_flush)
        await self._end_watch()
        stations = self.stations
        await stations.scheduler.stop(GRACE)
        await processing.end(stations)
        await stations.committer.close()
        await stations.sender.stop(last_flush)
        await processing.end_outputs(stations)
        await self.extensions.stop()
        await self._close()

    async def apply_tasks(self) -> None:
        """Apply the tasks of the configuration and of extensions."""
        async with self._applying:
            given = self.extensions.tasks()
            await in_background(hold, "tasks of extensions", secrets_of(given))
            wanted = await self.extensions.arrange([*self.loaded.tasks, *given])
            with without_collector():
                await self.stations.tasks.reconcile(wanted)
            await self.extensions.arranged(wanted)

    def set_identity(self, identity: Identity) -> None:
        """Change the identity of samples that are collected from now on."""
        self.identity = identity
        processing.shape(self.stations, self.settings, identity)

    def request_stop(self) -> None:
        """Ask `run` to stop."""
        self._stop_asked.set()

    async def reload(self, by: str = "command") -> list[str]:
        """As `Reloader.reload`."""
        return await self._reloader.reload(by)

    def reload_soon(self, by: str = "signal") -> None:
        """As `Reloader.soon`."""
        self._reloader.soon(by)

    def reloaded(self, outcome: Reload) -> None:
        """Tell the extensions of a reload."""
        for one in self.extensions.all:
            one.reloaded(outcome)

    async def follow(self, new: Loaded, ready: Sequence[Running]) -> None:
        """Apply another configuration, whose processors are started."""
        old, self.loaded = self.loaded, new
        self.identity = self._who(new.settings)
        await apply(self.stations, old, new, self.identity, ready)
        await self.extensions.follow(old.settings)
        await self.apply_tasks()
        await self._keep()

    async def _keep(self) -> None:
        await in_background(keep, self.loaded, self.environ, self.clock)

    def _sources(self) -> Sources:
        stations = self.stations
        return Sources(
            version=self.version,
            started=self.started,
            clock=self.clock,
            state=lambda: self.state,
            identity=lambda: self.identity,
            notes=lambda: [str(note) for note in self.loaded.notes],
            settings_path=lambda: self.loaded.path,
            reloaded=lambda: self._reloader.outcome,
            fallback=lambda: self.loaded.fallback,
            scheduler=stations.scheduler,
            engine=stations.engine,
            watchdog=stations.watchdog,
            committer=stations.committer,
            buffer=stations.buffer,
            sender=stations.sender,
            instances=stations.instances,
            hosts=stations.hosts,
            registry=self.registry,
            updates=stations.updates,
            extensions=self.extensions.all,
        )

    def _who(self, settings: Settings) -> Identity:
        return identity(settings.sentinel, self._own_id, *self.extensions.identity())

    async def _close(self) -> None:
        stations = self.stations
        await self._end_watch()
        stations.watchdog.stop()
        await stations.scheduler.stop(0)
        await processing.end(stations)
        await stations.committer.close()
        await stations.sender.stop(0)
        await processing.end_outputs(stations)
        await self.extensions.stop()
        await stations.instances.stop_all()
        await stations.buffer.close()
        if kept := stations.buffer.usage().samples:
            log.info("%d samples wait on disk for the next start", kept)
        await self.telemetry.stop()
        if self.state is not State.STOPPING:
            self._lifecycle.to(State.STOPPING)
        self._lifecycle.to(State.STOPPED)
        log.info("stopped")

    async def _end_watch(self) -> None:
        watching, self._watching = self._watching, []
        for task in watching:
            task.cancel()
        if watching:
            await asyncio.wait(watching)
