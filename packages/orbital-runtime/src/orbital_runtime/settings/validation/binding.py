"""A task as it stands in the configuration becomes one that can run. Nothing here touches the network."""

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
"""Seconds: a task of a very short interval that names no timeout gets this one."""


def bind(task: TaskSection, registry: Registry, defaults: Settings, *, strict: bool = True) -> Task:
    """One task, checked.

    Args:
        task: As the user wrote it, or whoever handed it out.
        registry: Where its plugin is looked up.
        defaults: For `collector` and `plugins.config`.
        strict: Refuse keys that the plugin does not know; False passes them over.

    Raises:
        SettingsError: All that is wrong with it; ways begin at the task.
    """
    return Binder(registry, defaults, strict=strict).bind(task)


class Binder:
    """Binds many tasks, and asks a plugin of equal settings only once."""

    def __init__(self, registry: Registry, defaults: Settings, *, strict: bool = True) -> None:
        self.broken: dict[str, str] = {}
        """Plugins that tasks need and that cannot be used, and why."""
        self._registry = registry
        self._defaults = defaults
        self._strict = strict
        self._probes: dict[Hashable, tuple[Plugin[Any, Any], PluginConfig]] = {}

    def bind(self, task: TaskSection, *, at: Loc = ()) -> Task:
        """One task, checked; see `bind`. `at` is the way to it, for problems.

        One of a broken plugin keeps none of its fields. It cannot run, and each of its runs says why.
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
        """Import this plugin, if there is one and it can be. That may take long: a thread can do it before
        `bind` does.
        """
        with suppress(ConfigurationError):  # binding says so
            self._registry.plugin(plugin)

    def metadata(self, plugin: str) -> Mapping[str, Any]:
        """What the plugin declares about itself; nothing where it cannot be used."""
        return self._registry.metadata(plugin)

    def fields(self, plugin: str) -> frozenset[str]:
        """The keys that the plugin knows, of a device or of its own; none where it cannot be used."""
        try:
            found = self._registry.plugin(plugin)
        except ConfigurationError:  # binding says so
            return frozenset()
        return accepted(found.device_model) | accepted(found.config_model)

    def strangers(self, plugin: str, config: Mapping[str, Any]) -> list[Problem]:
        """The keys of a task's `config` that its plugin does not know, each with the nearest known one."""
        try:
            found = self._registry.plugin(plugin)
        except ConfigurationError:  # binding says so
            return []
        dealer = _Dealer(found.device_model, found.config_model)
        for key, value in config.items():
            dealer.deal(key, value, ("config", key), strict=True)
        return dealer.strangers

    def _fields(
        self, plugin: type[Plugin[Any, Any]], task: TaskSection, at: Loc
    ) -> tuple[DeviceFields, PluginConfig]:
        dealer = _Dealer(plugin.device_model, plugin.config_model)
        for key, value in self._defaults.plugins.config.get(task.plugin, {}).items():
            dealer.deal(key, value, ("plugins", "config", task.plugin, key), strict=False)
        if task.device is None:
            for key, value in task.config.items():
                dealer.deal(key, value, (*at, "config", key), strict=self._strict)
        else:
            for key, value in task.device.items():
                way = (*at, "device", key)
                dealer.deal(key, value, way, strict=self._strict, only=dealer.device)
            for key, value in task.config.items():
                way = (*at, "config", key)
                dealer.deal(key, value, way, strict=self._strict, only=dealer.config)
        device_at = (*at, "config" if task.device is None else "device")
        return dealer.models(device_at, (*at, "config"))

    def _ask(
        self, plugin: type[Plugin[Any, Any]], device: DeviceFields, config: PluginConfig, at: Loc
    ) -> PluginConfig:
        """What the plugin's models cannot say, its `validate_device` may.

        Returns:
            The settings; of equal ones those that came first, so that they are kept once.
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
    """One of the two models, and what it was dealt."""

    model: type[BaseModel]
    known: frozenset[str]
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    ways: dict[str, Loc] = field(default_factory=dict[str, Loc])

    def takes(self, key: str) -> bool:
        return key in self.known or takes_any(self.model)

    def put(self, key: str, value: object, way: Loc) -> None:
        self.values[key], self.ways[key] = value, way


class _Dealer:
    """Deals keys out to the device's and the plugin's model; one that both know goes to both."""

    def __init__(self, device: type[DeviceFields], config: type[PluginConfig]) -> None:
        self.device = _Side(device, accepted(device))
        self.config = _Side(config, accepted(config))
        self.strangers: list[Problem] = []
        """Keys that neither model knows."""

    def deal(
        self, key: str, value: object, way: Loc, *, strict: bool, only: _Side | None = None
    ) -> None:
        """Give a key to whom it belongs; in strict dealing one that nobody knows is a stranger."""
        sides = (only,) if only else (self.device, self.config)
        takers = [side for side in sides if side.takes(key)]
        for side in takers:
            side.put(key, value, way)
        if not takers and strict:
            self.strangers.append(Problem("unknown key", way, self._hint(key, sides)))

    def _hint(self, key: str, sides: tuple[_Side, ...]) -> str:
        for name, side in (("device", self.device), ("config", self.config)):
            if side not in sides and key in side.known:
                return f"it belongs under `{name}`"
        if key in ("interval", "timeout", "retry_count", "priority", "labels"):
            return f"this plugin has none; the task's own {key} stands beside `plugin`"
        return did_you_mean(key, {known for side in sides for known in side.known})

    def models(self, device_at: Loc, config_at: Loc) -> tuple[Any, Any]:
        problems = list(self.strangers)
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
    """What is wrong with the names in `plugins.config`, whether or not a task uses them."""
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
        dealer = _Dealer(plugin.device_model, plugin.config_model)
        for key, value in values.items():
            dealer.deal(key, value, (*at, key), strict=True)
        problems += dealer.strangers
    return problems
