"""Keeps one process running: started when needed, watched, started again with growing pauses, parked."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final

from orbital_plugin_host.handshake import SECONDS, NoHandshake
from orbital_plugin_host.remote.calls import Calls, ProgramLost
from orbital_plugin_host.remote.folder import hand_over
from orbital_plugin_host.remote.instance import OwnMetrics
from orbital_plugin_host.remote.process import started
from orbital_sdk import wire
from orbital_sdk.loader import ProcessState
from orbital_sdk.units import format_duration
from orbital_sdk.wire import answers, calls

if TYPE_CHECKING:
    from orbital_plugin_host.remote.connection import Connector
    from orbital_plugin_host.remote.instance import Instance
    from orbital_plugin_host.remote.output import Logger
    from orbital_plugin_host.remote.process import Command, Process

log = logging.getLogger("orbital.plugins")

AGENT: Final = "orbital"
HEALTH: Final = 5.0
"""Seconds between two questions whether a process is well, and until it has to answer."""
FIRST: Final = 0.5
"""Seconds until the first restart; the pause doubles with each failure, up to"""
LONGEST: Final = 30.0
STEADY: Final = 60.0
"""Seconds of life after which a failure counts as the first one."""
PARKED: Final = 5
"""Failures after which a process is parked: it is started again after"""
PARKED_FOR: Final = 600.0
"""seconds, or when its plugin is reloaded."""
AGAIN: Final = 180.0
"""Seconds until instances that did not start in a new process are started again."""
PARTING: Final = 1.0
"""Seconds in which a process may end by itself."""
_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class Supervisor:
    """One process of a plugin. Belongs to the event loop.

    Args:
        command: What is started.
        connect: Speaks what the program announces.
    """

    def __init__(self, command: Command, connect: Connector) -> None:
        self.name = f"the process of plugin {command.plugin!r}"
        self.offers: tuple[answers.Offer, ...] = ()
        """What the program offers, once it has run."""
        self.down = "has not started"
        """Why it does not run, as a clause; empty while it does."""
        self.failures = 0
        """Times that it ended by itself, one shortly after the other."""
        self.restarts = 0
        """Times that it was started again."""
        self._command = command
        self._connect = connect
        self._instances: dict[int, Instance] = {}
        self._refused: dict[int, Exception] = {}
        """Why the running process did not start an instance."""
        self._tried = 0.0
        """When it was asked to start them."""
        self._process: Process | None = None
        self._calls: Calls | None = None
        self._metrics = OwnMetrics()
        self._starting = asyncio.Lock()
        self._keeping: asyncio.Task[None] | None = None

    @property
    def parked(self) -> bool:
        """Whether it failed so often that it is left alone for a while."""
        return self.failures >= PARKED

    @property
    def pid(self) -> int | None:
        """Of the running process."""
        return self._process.pid if self._process is not None else None

    @property
    def state(self) -> ProcessState:
        """For status and metrics."""
        version = next((str(one.manifest.meta.get("version", "")) for one in self.offers), "")
        return ProcessState(self.pid, version, self.down, self.parked, self.restarts)

    def ready(self, instance: Instance) -> Calls:
        """Where to ask for this instance.

        Raises:
            ProgramLost: It does not run now; says why.
            Exception: Why it did not start the instance.
        """
        if instance.number in self._refused:
            raise self._refused[instance.number]
        if self._calls is None or self._calls.reason:
            raise ProgramLost(f"{self.name} {self.down or 'ended'}")
        return self._calls

    async def add(self, instance: Instance) -> None:
        """Start this instance, and the process if this is the first one.

        Raises:
            ProgramLost: The process does not start; says why.
            Exception: Why it did not start the instance.
        """
        async with self._starting:
            self._instances[instance.number] = instance
            try:
                if self._keeping is None:
                    await self.start()
                    self._keeping = asyncio.create_task(self._keep(), name=f"keep {self.name}")
                elif self._calls is not None:
                    await self._begin(self._calls, instance)
                self.ready(instance)
            except BaseException:
                self._forget(instance)
                if not self._instances:
                    await self.stop()
                raise

    async def remove(self, instance: Instance) -> None:
        """Stop this instance, and the process if it was the last one. Idempotent."""
        async with self._starting:
            if instance.number in self._instances and self._calls is not None:
                await self._stop_instance(self._calls, instance)
            self._forget(instance)
            if not self._instances:
                await self.stop()

    # ---- the process ----------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the process and all instances.

        Raises:
            ProgramLost: It does not start.
        """
        made = Calls(self.name, self._aside)
        try:
            async with asyncio.timeout(2 * SECONDS):
                self._process = await started(self._command)
                process = self._process
                welcome = await made.greet(self._connect, process.address, process.cookie, AGENT)
        except (OSError, NoHandshake, wire.Malformed, ProgramLost, TimeoutError) as error:
            made.break_off("did not start")
            await self._end()
            self.down = f"did not start: {error or 'it takes too long'}"
            raise ProgramLost(f"{self.name} {self.down}") from error
        self._welcomed(welcome)
        self._calls = made
        instances = [*self._instances.values()]
        for instance in instances:
            self._refused[instance.number] = ProgramLost(f"{self.name} is starting")
        for instance in instances:
            await self._begin(made, instance)
        self._tried, self.down = time.monotonic(), ""

    def _welcomed(self, welcome: answers.Welcome) -> None:
        """Say so where a restart found another version, which no update has tried."""
        before, self.offers = self.state.version, welcome.offers
        if before and before != self.state.version:
            log.warning(
                "%s runs version %s, which was installed in place of %s",
                self.name, self.state.version or "unknown", before,
            )  # fmt: skip

    async def _begin(self, program: Calls, instance: Instance) -> None:
        """Start an instance; where that fails, `ready` says why."""
        start = instance.number, "plugin", instance.name, dict(instance.config), SECONDS
        folder = None if instance.folder is None else str(instance.folder)
        try:
            self._hand_over(instance)
            await program.within(SECONDS, answers.Done, calls.Start, *start, folder)
        except TimeoutError:
            self._refused[instance.number] = ProgramLost(
                f"{self.name} did not start the plugin within {SECONDS:g} s"
            )
        except Exception as error:  # noqa: BLE001 (whatever the plugin raised is why its tasks fail)
            self._refused[instance.number] = error
        else:
            self._refused.pop(instance.number, None)

    def _hand_over(self, instance: Instance) -> None:
        owner = self._command.limits.owner()
        if owner is not None and instance.folder is not None:
            hand_over(instance.folder, owner)

    async def _stop_instance(self, program: Calls, instance: Instance) -> None:
        try:
            await program.within(SECONDS, answers.Done, calls.Stop, instance.number, SECONDS)
        except Exception as error:  # noqa: BLE001 (as above; it ends all the same)
            log.warning("%s did not stop the plugin: %s", self.name, error or "it takes too long")

    def _forget(self, instance: Instance) -> None:
        self._refused.pop(instance.number, None)
        self._instances.pop(instance.number, None)

    async def stop(self) -> None:
        keeping, self._keeping = self._keeping, None
        if keeping is not None:
            keeping.cancel()
            await asyncio.wait({keeping})
        if self._calls is not None:
            self._calls.break_off("was stopped")
        await self._end(PARTING)
        self.down, self.failures = "was stopped", 0

    async def _end(self, patience: float = 0.0) -> None:
        process, self._process, self._calls = self._process, None, None
        self._metrics.end()
        if process is not None:
            await process.end(patience)

    # ---- supervision ----------------------------------------------------------------------------

    async def _keep(self) -> None:
        """Until it is cancelled."""
        while True:
            began = time.monotonic()
            if self._calls is not None:
                await self._watch(self._calls)
                if time.monotonic() - began >= STEADY:
                    self.failures = 0
            await self._pause()
            self.restarts += 1
            try:
                await self.start()
            except ProgramLost:
                continue  # `down` says why
            except Exception:
                log.exception("%s cannot be started again", self.name)

    async def _watch(self, program: Calls) -> None:
        """Return when it has ended, or was ended since it is not well."""
        while not program.reason:
            try:
                async with asyncio.timeout(HEALTH):
                    await program.ended.wait()
            except TimeoutError:
                await self._examine(program)
                await self._try_again(program)
        why, process = program.reason, self._process
        if process is not None and not program.broken_off:
            why = await process.why() or why
        self.down = why
        await self._end()

    async def _examine(self, program: Calls) -> None:
        if program.paused:
            return  # nothing is read from it: its answer could not come
        try:
            await program.within(HEALTH, answers.Done, calls.Health)
        except TimeoutError:
            program.break_off(f"did not say within {HEALTH:g} s that it is well, and was ended")
        except Exception as error:  # noqa: BLE001 (a program may answer anything)
            program.break_off(f"is not well ({error}), and was ended")

    async def _try_again(self, program: Calls) -> None:
        """Start the instances that a new process did not start, as the agent starts plugins again."""
        if not self._refused or time.monotonic() - self._tried < AGAIN:
            return
        async with self._starting:
            for number in [*self._refused]:
                if not program.reason and number in self._instances:
                    await self._begin(program, self._instances[number])
            self._tried = time.monotonic()

    async def _pause(self) -> None:
        self.failures += 1
        pause = PARKED_FOR if self.parked else min(LONGEST, FIRST * 2.0 ** (self.failures - 1))
        how = "is parked for" if self.parked else "is started again in"
        self.down = f"{self.down}; it {how} {format_duration(pause)}"
        log.error("%s %s", self.name, self.down)
        await asyncio.sleep(pause)

    # ---- what it says ---------------------------------------------------------------------------

    def _aside(self, message: answers.Log | answers.Counts, run: Logger | None) -> None:
        instance = None if message.instance is None else self._instances.get(message.instance)
        if isinstance(message, answers.Counts):
            if instance is not None:
                self._metrics.take(instance, message)
            return
        if self._process is not None:
            self._process.output.log(_LEVELS[message.level], message.text, run)
