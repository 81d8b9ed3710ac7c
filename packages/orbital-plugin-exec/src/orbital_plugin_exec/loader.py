"""Plugins out of a `plugin.yaml` with `exec`: a program that prints metrics.

It gets the fields of the device and the settings as environment variables: `ORBITAL_HOST` for the field
`host`. `{host}` in its arguments is replaced, too, unless the field is a secret.
"""

from __future__ import annotations

import os
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from orbital_plugin_exec.arguments import check, filled, values, variables
from orbital_plugin_exec.each_run import EachRun
from orbital_plugin_exec.keeps_running import KeepsRunning
from orbital_plugin_exec.program import Program
from orbital_plugin_exec.settings import ProgramFields, RunFields, StreamFields
from orbital_sdk import ConfigurationError, DeviceFields, Metric, Plugin, PluginConfig
from orbital_sdk.environment import environment
from orbital_sdk.loader import Loader
from orbital_sdk.schema.field_model import field_model
from orbital_sdk.schema.plugin_file import PluginFile, checked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class RunSection(ProgramFields, RunFields):
    """`exec` of a program that is started for each run."""

    protocol: Literal["exec"] = "exec"
    """The loader."""
    keep_running: Literal[False] = False
    """Start it for each run."""


class StreamSection(ProgramFields, StreamFields):
    """`exec` of a program that keeps running."""

    protocol: Literal["exec"] = "exec"
    """The loader."""
    keep_running: Literal[True]
    """Start it once, and take what it prints."""


class ExecLoader(Loader):
    """Makes plugins of programs that print metrics."""

    name = "exec"
    summary = "A program that prints Influx lines, Prometheus text, JSON lines or Nagios output"

    def load(self, folder: Path, description: Mapping[str, Any]) -> type[Plugin[Any, Any]]:
        file = checked(PluginFile, description)
        given = file.exec or {}
        keeps = given.get("keep_running") is True
        section = checked(StreamSection if keeps else RunSection, given, at=("exec",))
        device = field_model("Device", file.device_fields, DeviceFields, at="device_fields")
        config = field_model("Config", file.config_fields, PluginConfig, at="config_fields")
        check(section.command, device, config)
        _check_program(folder, section.command[0])
        base: type[Plugin[Any, Any]] = DescribedStream if keeps else DescribedRun
        made: Any = type(
            file.meta.name,
            (base,),
            {
                "__doc__": file.meta.description,
                "__module__": __name__,
                "name": file.meta.name,
                "summary": file.meta.description,
                "metadata": MappingProxyType(file.metadata),
                "device_model": device,
                "config_model": config,
                "section": section,
                "folder": folder,
                "described": tuple(
                    Metric(
                        one.name, one.description, kind=one.type, unit=one.unit, labels=one.labels
                    )
                    for one in file.metrics
                ),
            },
        )
        return cast("type[Plugin[Any, Any]]", made)


class Described(Plugin[DeviceFields, PluginConfig]):
    """What a description says, for both kinds of programs."""

    section: ClassVar[RunSection | StreamSection]
    folder: ClassVar[Path]
    described: ClassVar[tuple[Metric, ...]]

    def program(self, device: DeviceFields) -> Program:
        return _program(self.section, self.folder, device, self.config)

    def reading(self) -> Any:
        return self.section

    def validate_device(self, device: DeviceFields) -> None:
        self.program(device)

    def target(self, device: DeviceFields) -> str:
        return super().target(device) or self.section.command[0]

    @classmethod
    def declared_metrics(cls) -> tuple[Metric, ...]:
        return (*super().declared_metrics(), *cls.described)


class DescribedRun(Described, EachRun[DeviceFields, PluginConfig]):
    """A program that is started for each run."""


class DescribedStream(Described, KeepsRunning[DeviceFields, PluginConfig]):
    """A program that keeps running."""


def _program(
    section: ProgramFields, folder: Path, device: DeviceFields, config: PluginConfig
) -> Program:
    fields = values(config, device)
    given = {**variables(fields), **section.environment}
    return Program(filled(section.command, fields), environment(given), folder, section.memory)


def _check_program(folder: Path, program: str) -> None:
    """Refuse a program in the folder that is not there, or that cannot be executed."""
    if os.sep not in program:
        return
    path = folder / program
    if not path.is_file():
        raise ConfigurationError(f"there is no program {path}", field="exec.command")
    if not os.access(path, os.X_OK):
        raise ConfigurationError(f"{path} is not executable; chmod +x", field="exec.command")
