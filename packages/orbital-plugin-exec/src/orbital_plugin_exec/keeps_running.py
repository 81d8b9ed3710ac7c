"""Plugins that keep a program running: receivers of what it prints."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from orbital_plugin_exec.formats.families import Families
from orbital_plugin_exec.kept import KeptProgram
from orbital_plugin_exec.metrics import REFUSED_TOTAL, SAMPLES_TOTAL
from orbital_sdk import DeviceFields, Metric, PartialCollect, Plugin, PluginConfig

if TYPE_CHECKING:
    from orbital_plugin_exec.program import Program
    from orbital_plugin_exec.settings import StreamFields
    from orbital_sdk import Context, Emit, PluginHost, Sample

D = TypeVar("D", bound=DeviceFields)
C = TypeVar("C", bound=PluginConfig)


class KeepsRunning(Plugin[D, C]):
    """Keeps a program running, and takes what it prints."""

    refused = REFUSED_TOTAL
    samples = SAMPLES_TOTAL

    def __init__(self, config: C) -> None:
        super().__init__(config)
        self._families = Families(self.declared_metrics())
        self._kept: dict[int, KeptProgram] = {}
        """By the `id()` of the device that `serve` was given; `collect` gets the same."""
        self._log = logging.getLogger("orbital.plugin")

    def program(self, device: D) -> Program:
        """What is started for this device."""
        raise NotImplementedError

    def reading(self) -> StreamFields:
        """How its output is read."""
        raise NotImplementedError

    async def start(self, host: PluginHost) -> None:
        self._log = host.log

    async def serve(self, device: D, emit: Emit) -> None:
        kept = KeptProgram(self.program(device), self.reading(), self._families, self._log)
        self._kept[id(device)] = kept
        try:
            await kept.serve(emit)
        finally:
            del self._kept[id(device)]

    async def collect(self, device: D, ctx: Context) -> list[Sample]:
        """Ask for metrics, and tell what came since the program started."""
        kept = self._kept.get(id(device))
        if kept is None:
            return []
        samples = [self.samples(kept.samples)]
        samples += [self.refused(n, why) for why, n in sorted(kept.refused.items()) if n]
        problem, kept.problem = kept.problem, ""
        if self.reading().signal == "newline" and not kept.ask():
            problem = problem or "it does not read its standard input"
        if problem:
            raise PartialCollect(f"{self.target(device)}: {problem}", samples=samples)
        return samples

    def metrics(self) -> tuple[Metric, ...]:
        """Its own, and those seen so far: a program does not say beforehand what it will print."""
        return (*self.declared_metrics(), *self._families.all)
