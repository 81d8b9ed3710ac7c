"""Plugins that start a program for each run."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from orbital_plugin_exec.formats.families import Families
from orbital_plugin_exec.metrics import NAGIOS_STATE, REFUSED
from orbital_plugin_exec.session import RunSession
from orbital_sdk import DeviceFields, Metric, Plugin, PluginConfig

if TYPE_CHECKING:
    from orbital_plugin_exec.program import Program
    from orbital_plugin_exec.settings import RunFields

D = TypeVar("D", bound=DeviceFields)
C = TypeVar("C", bound=PluginConfig)


class EachRun(Plugin[D, C]):
    """Runs a program and reads what it prints."""

    refused = REFUSED
    nagios_state = NAGIOS_STATE

    def __init__(self, config: C) -> None:
        super().__init__(config)
        self._families = Families(self.declared_metrics())

    def program(self, device: D) -> Program:
        """What is started for this device."""
        raise NotImplementedError

    def reading(self) -> RunFields:
        """How its output is read."""
        raise NotImplementedError

    async def open(self, device: D) -> RunSession:
        return RunSession(self.program(device), self.reading(), self._families)

    def metrics(self) -> tuple[Metric, ...]:
        """Its own, and those seen so far: a program does not say beforehand what it will print."""
        return (*self.declared_metrics(), *self._families.all)
