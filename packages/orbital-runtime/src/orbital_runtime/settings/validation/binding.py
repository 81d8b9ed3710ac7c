"""Checks tasks with the models of their plugins. No network access."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from orbital_runtime.guard.escape import contained, origin
from orbital_runtime.model import Task
from orbital_runtime.plugins.freeze import freeze
from orbital_runtime.plugins.registry import Unusable
from orbital_runtime.settings.problem import SettingsError
from orbital_runtime.settings.validation.check import checked, looked_up
from orbital_sdk import ConfigurationError, DeviceFields, Plugin, PluginConfig
from orbital_sdk.hints import did_you_mean
from orbital_sdk.problems import Loc, Problem
from orbital_sdk.problems.model_keys import accepted, takes_any

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from pydantic import BaseModel

    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings.model.collector import TaskSection
    from orbital_runtime.settings.model.root import Settings

SHORTEST_DEFAULT: Final = 1.0
"""Minimum default timeout in seconds, for tasks with a very short interval."""


def bind(task: TaskSection, registry: Registry, defaults: Settings, *, strict: bool = True) -> Task:
    """Check one task.

    Args:
        task: As configured, or given by an extension.
        registry: Has its plugin.
        defaults: For `collector` and `plugins.config`.
        strict: Refuse keys that the plugin does not know; False ignores them.

    Raises:
        SettingsError: All problems; paths begin at the task.
    """
    return Binder(registry, defaults, strict=strict).bind(task)


class Binder:
    """Checks many tasks; plugins with equal settings are created once."""

    def __init__(self, registry: Registry, defaults: Settings, *, strict: bool = True) -> None:
        self.broken: dict[str, str] = {}
        """Plugins of tasks that cannot be used, with the reason."""
        self._registry = registry
        self._defaults = defaults
        self._strict = strict
        self._probes: dict[Hashable, tuple[Plugin[Any, Any], PluginConfig]] = {}

    def bind(self, task: TaskSection, *, at: Loc = ()) -> Task:
        """Check one task; see `bind`. `at` is its path, for problems.

        A task of a broken plugin has no fields. Its runs fail with the reason.
        """
        try:
            plugin = looked_up(self._registry.plugin, task.plugin, at=(*at, "plugin"))
            device, config = self._fields(plugin, task, at)
            config = self._ask(plugin, device, config, at)
        except Unusable as error:
            self.broken[task.plugin] = str(error)
            device, config = DeviceFields(), PluginConfig()
        collector = self._defaults.collector
        interval = task.interval or collector.default_interval
        usual = min(collector.default_timeout, max(interval, SHORTEST_DEFAULT))
        return Task(
            id=task.id,
            device_id=task.device_id or task.id,
            plugin=task.plugin,
            device=device,
            config=config,
            interval=interval,
            timeout=min(task.timeout or usual, collector.max_execution_time),
            priority=task.priority,
            retries=task.retry_count,
            labels=task.labels,
        )

    def prepare(self, plugin: str) -> None:
        """Import this plugin, if that is possible. It may take long, so a thread can do it before `bind`."""
        with suppress(ConfigurationError):  # binding says so
            self._registry.plugin(plugin)

    def metadata(self, plugin: str) -> Mapping[str, Any]:
        """The plugin's metadata; nothing if it cannot be used."""
        return self._registry.metadata(plugin)

    def fields(self, plugin: str) -> frozenset[str]:
        """The keys of the plugin's models of device and settings; none if it cannot be used."""
        try:
            found = self._registry.plugin(plugin)
        except ConfigurationError:  # binding says so
            return frozenset()
        return accepted(found.device_model) | accepted(found.config_model)

    def unknown_keys(self, plugin: str, config: Mapping[str, Any]) -> list[Problem]:
        """The keys of a task's `config` that its plugin does not know, with hints."""
        try:
            found = self._registry.plugin(plugin)
        except ConfigurationError:  # binding says so
            return []
        splitter = _KeySplitter(found.device_model, found.config_model)
        for key, value in config.items():
            splitter.assign(key, value, ("config", key), strict=True)
        return splitter.unknown

    def _fields(
        self, plugin: type[Plugin[Any, Any]], task: TaskSection, at: Loc
    ) -> tuple[DeviceFields, PluginConfig]:
        splitter = _KeySplitter(plugin.device_model, plugin.config_model)
        for key, value in self._defaults.plugins.config.get(task.plugin, {}).items():
            splitter.assign(key, value, ("plugins", "config", task.plugin, key), strict=False)
        if task.device is None:
            for key, value in task.config.items():
                splitter.assign(key, value, (*at, "config", key), strict=self._strict)
        else:
            for key, value in task.device.items():
                way = (*at, "device", key)
                splitter.assign(key, value, way, strict=self._strict, only=splitter.device)
            for key, value in task.config.items():
                way = (*at, "config", key)
                splitter.assign(key, value, way, strict=self._strict, only=splitter.config)
        device_at = (*at, "config" if task.device is None else "device")
        return splitter.models(device_at, (*at, "config"))

    def _ask(
        self, plugin: type[Plugin[Any, Any]], device: DeviceFields, config: PluginConfig, at: Loc
    ) -> PluginConfig:
        """Call the plugin's `validate_device`.

        Returns:
            The settings; the same object for equal ones.
        """
        if plugin.validate_device is cast("Any", Plugin).validate_device:
            return config
        try:
            with contained:
                key = plugin, freeze(config)
                if key not in self._probes:
                    self._probes[key] = plugin(config), config
                probe, first = self._probes[key]
                probe.validate_device(device)
        except ConfigurationError as error:
            way = (*at, "config", *(error.field or "").split(".")) if error.field else at
            raise SettingsError([Problem(str(error), way)]) from error
        except Exception as error:
            raised = origin(error)
            message = f"plugin {plugin.name!r} failed over it: {type(raised).__name__}: {raised}"
            raise SettingsError([Problem(message, at)]) from error
        return first


@dataclass(slots=True)
class _Side:
    """One of the two models, and its values."""

    model: type[BaseModel]
    known: frozenset[str]
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    ways: dict[str, Loc] = field(default_factory=dict[str, Loc])

    def takes(self, key: str) -> bool:
        return key in self.known or takes_any(self.model)

    def put(self, key: str, value: object, way: Loc) -> None:
        self.values[key], self.ways[key] = value, way


class _KeySplitter:
    """Splits keys between the models of device and plugin; a key that both know goes to both."""

    def __init__(self, device: type[DeviceFields], config: type[PluginConfig]) -> None:
        self.device = _Side(device, accepted(device))
        self.config = _Side(config, accepted(config))
        self.unknown: list[Problem] = []
        """Keys that neither model knows."""

    def assign(
        self, key: str, value: object, way: Loc, *, strict: bool, only: _Side | None = None
    ) -> None:
        """Assign a key to the models that know it. If none does, it is a problem if `strict`."""
        sides = (only,) if only else (self.device, self.config)
        takers = [side for side in sides if side.takes(key)]
        for side in takers:
            side.put(key, value, way)
        if not takers and strict:
            self.unknown.append(Problem("unknown key", way, self._hint(key, sides)))

    def _hint(self, key: str, sides: tuple[_Side, ...]) -> str:
        for name, side in (("device", self.device), ("config", self.config)):
            if side not in sides and key in side.known:
                return f"it belongs under `{name}`"
        if key in ("interval", "timeout", "retry_count", "priority", "labels"):
            return f"this plugin has none; the task's own {key} stands beside `plugin`"
        return did_you_mean(key, {known for side in sides for known in side.known})

    def models(self, device_at: Loc, config_at: Loc) -> tuple[Any, Any]:
        problems = list(self.unknown)
        made: list[BaseModel] = []
        for side, at in ((self.device, device_at), (self.config, config_at)):
            try:
                made.append(checked(side.model, side.values, at=at, ways=side.ways))
            except SettingsError as error:
                problems += error.problems
        if problems:
            raise SettingsError(problems)
        return made[0], made[1]


def unknown_defaults(registry: Registry, config: Mapping[str, Mapping[str, Any]]) -> list[Problem]:
    """Problems of `plugins.config`, also of plugins without tasks."""
    problems: list[Problem] = []
    for name, values in config.items():
        at: Loc = ("plugins", "config", name)
        try:
            plugin = looked_up(registry.plugin, name, at=at)
        except Unusable:  # nobody can say
            continue
        except SettingsError as error:
            problems += error.problems
            continue
        splitter = _KeySplitter(plugin.device_model, plugin.config_model)
        for key, value in values.items():
            splitter.assign(key, value, (*at, key), strict=True)
        problems += splitter.unknown
    return problems
