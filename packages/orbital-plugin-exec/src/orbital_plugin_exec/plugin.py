"""The plugin `exec`: starts a program for each run, and reads what it prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from orbital_plugin_exec.each_run import EachRun
from orbital_plugin_exec.program import Program
from orbital_plugin_exec.settings import ProgramFields, RunFields, WorkingFolder
from orbital_sdk import DeviceFields, PluginConfig
from orbital_sdk.environment import environment

if TYPE_CHECKING:
    from collections.abc import Mapping


class ExecDevice(DeviceFields, ProgramFields, WorkingFolder):
    """A program that collects."""


class ExecConfig(PluginConfig, RunFields):
    """How its output is read."""


class Exec(EachRun[ExecDevice, ExecConfig]):
    """Runs a program and reads what it prints."""

    name = "exec"
    summary = (
        "Runs a program that prints Influx lines, Prometheus text, JSON lines or Nagios output"
    )
    metadata: ClassVar[Mapping[str, Any]] = {"author": "Orbital", "device_types": ["program"]}

    def program(self, device: ExecDevice) -> Program:
        return Program(
            device.command, environment(device.environment), device.folder, device.memory
        )

    def reading(self) -> RunFields:
        return self.config

    def target(self, device: ExecDevice) -> str:
        return device.command[0]
