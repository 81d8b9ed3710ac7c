"""The plugin `execd`: keeps a program running, and takes what it prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from orbital_plugin_exec.keeps_running import KeepsRunning
from orbital_plugin_exec.program import Program
from orbital_plugin_exec.settings import ProgramFields, StreamFields, WorkingFolder
from orbital_sdk import DeviceFields, PluginConfig
from orbital_sdk.environment import environment

if TYPE_CHECKING:
    from collections.abc import Mapping


class ExecdDevice(DeviceFields, ProgramFields, WorkingFolder):
    """A program that keeps running."""


class ExecdConfig(PluginConfig, StreamFields):
    """How its output is read."""


class Execd(KeepsRunning[ExecdDevice, ExecdConfig]):
    """A receiver of what a program prints."""

    name = "execd"
    summary = "Keeps a program running that prints Influx lines or JSON lines, asked by a newline"
    metadata: ClassVar[Mapping[str, Any]] = {"author": "Orbital", "device_types": ["program"]}

    def program(self, device: ExecdDevice) -> Program:
        return Program(
            device.command, environment(device.environment), device.folder, device.memory
        )

    def reading(self) -> StreamFields:
        return self.config

    def target(self, device: ExecdDevice) -> str:
        return device.command[0]
