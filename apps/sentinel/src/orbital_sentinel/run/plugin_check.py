"""The contract suite of plugins, run against one that lives in a process of its own, in whatever language."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from orbital_runtime.directory.search import load_folder
from orbital_sdk.calling.invoke import receives
from orbital_sdk.problems import explain
from orbital_sdk.testing import check_plugin, check_receiver
from orbital_sentinel.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_runtime.plugins.registry import Registry
    from orbital_sdk import Plugin

    Fields = Mapping[str, Any]

M = TypeVar("M", bound=BaseModel)

NOT_RUN: Final = {126, 127}
"""Exit codes of a shell for a command that cannot be run. Others may mean that nobody listens."""


def plugin_of(place: str, registry: Registry) -> type[Plugin[Any, Any]]:
    """The plugin in this folder, or the one of this name: a folder's as it is, an installed one with its
    instances in a process of their own.

    Raises:
        ConfigurationError: There is none, or it does not start.
    """
    folder = Path(place)
    if folder.is_dir():
        return load_folder(folder, registry)
    if registry.is_made(place):
        return registry.plugin(place)
    return registry.loader("host")().load(Path.cwd(), {"plugin": place})


async def findings(
    plugin: type[Plugin[Any, Any]],
    device: Fields,
    config: Fields,
    *,
    unreachable: Fields | None = None,
    speak: str = "",
) -> str:
    """What breaks the contract, in words; empty where nothing does.

    Args:
        plugin: From `plugin_of`.
        device: Fields of a device that answers.
        config: The plugin's settings.
        unreachable: Fields of a device that does not answer.
        speak: Of a receiver: a shell command that has the device send something.

    Raises:
        Misuse: A field does not fit, or `speak` is missing or does not run.
    """
    fields = _valid(plugin.device_model, device, "-o")
    away = _valid(plugin.device_model, unreachable, "--unreachable") if unreachable else None
    settings, speaking = _valid(plugin.config_model, config, "-s"), _Shell(speak)
    if not receives(plugin):
        suite = check_plugin(plugin, fields, settings, entry_point=False, unreachable=away)
    elif speak:
        suite = check_receiver(plugin, lambda: (fields, settings), speaking, entry_point=False)
    else:
        raise Misuse("it is a receiver: have something sent to it with --speak COMMAND")
    try:
        await suite
    except AssertionError as found:
        if speaking.failed in NOT_RUN:
            raise Misuse(f"--speak ended with code {speaking.failed}: {speak}") from found
        return str(found)
    return ""


def _valid(model: type[M], given: Fields, option: str) -> M:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        words = [f"{option} {problem}" for problem in explain(error, model)]
        raise Misuse("\n".join(words)) from error


class _Shell:
    """Has a device send something, by a shell command."""

    def __init__(self, command: str) -> None:
        self.failed = 0
        """The last exit code that was not 0."""
        self._command = command

    async def __call__(self, _device: object, _config: object) -> None:
        process = await asyncio.create_subprocess_shell(self._command)
        self.failed = await process.wait() or self.failed
