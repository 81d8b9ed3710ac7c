"""Moves plugins to processes of their own while the agent runs: one that misbehaves, or another version.

The new processes start beside what runs, and have to take the settings and to read one device; then tasks go
over to them between two runs. Where that fails, all stays as it was.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from orbital_runtime.guard.wording import words
from orbital_runtime.threads import in_background
from orbital_sdk import ConfigurationError
from orbital_sdk.loader import processes_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orbital_runtime.plugins.installed import Installed
    from orbital_runtime.plugins.instances import Instances
    from orbital_runtime.plugins.placement import Placed, Placement
    from orbital_sdk import Plugin

    Check = Callable[[Plugin[Any, Any]], Awaitable[None]]

log = logging.getLogger("orbital.plugins")

CAUGHT: Final = 3
"""Times that the watchdog catches a plugin until it is moved."""


class Updates:
    """One at a time. Belongs to the event loop.

    Args:
        placement: Where plugins run.
        instances: What runs.
        check: Raises if a started instance cannot read a device.
        over: Called with the name of a plugin whose tasks went over: receivers have no run until their next
            tick, and nobody would receive when the instance of before has ended.
        automatic: Whether plugins in processes go over to what is installed without being asked.
    """

    def __init__(
        self,
        placement: Placement,
        instances: Instances,
        check: Check,
        over: Callable[[str], None] = lambda _: None,
        *,
        automatic: Callable[[], bool] = lambda: True,
    ) -> None:
        self.moved: dict[str, str] = {}
        """Why plugins that misbehaved were moved, by name."""
        self.failed: dict[str, str] = {}
        """Why the last update of a plugin was rolled back, by name."""
        self._refused: dict[str, str] = {}
        """Versions of these updates, where others ran."""
        self._placement = placement
        self._instances = instances
        self._check = check
        self._over = over
        self._automatic = automatic
        self._tried: dict[str, Installed | None] = {}
        """What was installed when a plugin was told about, or went over, by its name."""
        self._asked = asyncio.Event()
        self._caught: Counter[str] = Counter()
        self._lock = asyncio.Lock()
        self._moving: set[asyncio.Task[None]] = set()

    def caught(self, name: str) -> None:
        """The watchdog caught this plugin once more."""
        self._caught[name] += 1
        if self._caught[name] % CAUGHT == 0 and self._placement.may_move(name):
            why = f"it blocked the event loop {self._caught[name]} times"
            moving = asyncio.get_running_loop().create_task(self._move(name, why))
            self._moving.add(moving)
            moving.add_done_callback(self._moving.discard)

    def look_soon(self) -> None:
        """Look for other versions now, and not only when the time has come."""
        self._asked.set()

    async def watch(self, interval: Callable[[], float]) -> None:
        """Look for other versions regularly, until cancelled.

        Args:
            interval: Seconds between two looks.
        """
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(interval()):
                    await self._asked.wait()
            self._asked.clear()
            try:
                await self.look()
            except Exception:
                log.exception("what is installed cannot be compared with what runs")

    async def look(self) -> None:
        """Have plugins in processes go over to what is installed; tell of those in the agent. Each once: what
        was refused is tried again when its files are others, or when somebody asks for it.
        """
        names = sorted({*self._instances.running()})
        for one in await in_background(lambda: [*map(self._placement.placed, names)]):
            found = self._placement.installed(one.name)
            tried = self._tried.get(one.name)
            repaired = tried is not None and any(process.down for process in one.processes)
            if found in (None, tried) or not (one.is_outdated or repaired):
                continue
            if one.processes and self._automatic():
                with suppress(ConfigurationError):  # it was logged
                    await self.reload(one.name, f"version {one.installed} was installed")
                continue
            self._tried[one.name] = found
            log.info(
                "plugin %s: %s runs, %s is installed: `sentinel plugins reload %s` goes over to it",
                one.name, one.loaded, one.installed, one.name,
            )  # fmt: skip

    def placed(self) -> list[Placed]:
        """The started plugins, in the order of their names."""
        return [self._placement.placed(name) for name in sorted({*self._instances.running()})]

    async def reload(self, name: str, why: str = "it was asked for") -> str:
        """Run the installed version of this plugin in processes, new ones if it has some already.

        Returns:
            What was done, as a sentence.

        Raises:
            ConfigurationError: Why nothing was changed.
        """
        async with self._lock:
            self._tried[name] = self._placement.installed(name)
            try:
                cls = await in_background(self._placement.isolate, name)
                await self._instances.replace(cls, self._check)
            except Exception as error:
                self._fail(name, words(error))
                log.error("plugin %s was not updated: %s", name, self.failed[name])  # noqa: TRY400 (the reason says it all)
                raise ConfigurationError(
                    f"plugin {name} was not updated: {words(error)}"
                ) from error
            self._placement.use(cls)
            self._over(name)
            self.failed.pop(name, None)
            self._refused.pop(name, None)
        version = next((one.version for one in processes_of(cls)), "")
        done = f"plugin {name} {version}".rstrip() + f" runs in a process of its own: {why}"
        log.warning("%s", done)
        return done

    def refused(self, placed: Placed) -> str:
        """The version that was refused and runs all the same: a process was started again, and no other one
        is installed. Empty where there is none.
        """
        version = self._refused.get(placed.name, "")
        return version if version in {one.version for one in placed.processes} else ""

    def _fail(self, name: str, why: str) -> None:
        placed = self._placement.placed(name)
        self.failed[name] = why
        self._refused[name] = placed.installed if placed.is_outdated else ""

    async def _move(self, name: str, why: str) -> None:
        with suppress(ConfigurationError):  # it was logged
            await self.reload(name, why)
            self.moved[name] = why
