"""Checks the outputs of a configuration: writer, its settings, and delivery policy."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from orbital_runtime.delivery_policy import DeliveryPolicy
from orbital_runtime.plugins.registry import Unusable
from orbital_runtime.settings.model.addition import additions, modes
from orbital_runtime.settings.problem import SettingsError
from orbital_runtime.settings.validation.broken_writer import BrokenWriter, broken_writer
from orbital_runtime.settings.validation.check import checked, looked_up
from orbital_sdk import WriterConfig
from orbital_sdk.problems.model_keys import accepted

if TYPE_CHECKING:
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings.model.delivery import OutputSection, SenderSection
    from orbital_runtime.settings.model.root import Settings
    from orbital_sdk import Writer
    from orbital_sdk.problems import Loc, Problem

CONFIGURABLE: Final = frozenset(field.name for field in fields(DeliveryPolicy)) - {
    "bisect_requests", "stuck_writes",
}  # fmt: skip
"""Fields of the policy that can be configured. A writer whose settings have one of them gets it, too."""


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """A checked output."""

    name: str
    writer: type[Writer[Any]]
    config: WriterConfig
    policy: DeliveryPolicy

    @property
    def broken(self) -> str:
        """Why its writer cannot be used; empty if it can."""
        return self.writer.reason if issubclass(self.writer, BrokenWriter) else ""


def outputs(settings: Settings, registry: Registry) -> list[OutputSettings]:
    """Check the outputs. Returns none in a mode that does not use them.

    Raises:
        SettingsError: All problems of enabled outputs, whatever the mode.
    """
    found = enabled_outputs(settings, registry)
    return found if modes(additions(registry)).get(settings.sender.mode, True) else []


def enabled_outputs(settings: Settings, registry: Registry) -> list[OutputSettings]:
    """Every enabled output, whatever the mode; raises as `outputs` does."""
    found: list[OutputSettings] = []
    problems: list[Problem] = []
    for name, section in settings.sender.direct.items():
        if not section.enabled:
            continue
        try:
            found.append(_output(name, section, settings, registry))
        except SettingsError as error:
            problems += error.problems
    if problems:
        raise SettingsError(problems)
    return found


def _output(
    name: str, section: OutputSection, settings: Settings, registry: Registry
) -> OutputSettings:
    at: Loc = ("sender", "direct", name)
    name_at = (*at, "writer") if section.writer else at
    policy = delivery_policy(settings, section)
    try:
        writer = looked_up(registry.writer, section.writer or name, at=name_at)
    except Unusable as error:
        stand_in = broken_writer(section.writer or name, str(error))
        return OutputSettings(name, stand_in, WriterConfig(), policy)
    shared = {n: getattr(policy, n) for n in CONFIGURABLE & accepted(writer.config_model)}
    own = accepted(type(section))
    config = checked(writer.config_model, section.options | shared, at=at, beside=own)
    return OutputSettings(name, writer, config, policy)


def delivery_policy(settings: Settings, output: OutputSection | None = None) -> DeliveryPolicy:
    """The delivery policy of an output: its own values, otherwise those of `sender` and `buffer`."""
    numbers: dict[str, Any] = {"flush_interval": settings.buffer.flush_interval}
    for section in (settings.sender, output):
        numbers |= _numbers(section) if section else {}
    return DeliveryPolicy(**numbers)


def _numbers(section: SenderSection | OutputSection) -> dict[str, Any]:
    """The values of a section, as fields of the policy."""
    failures = section.breaker.failures
    if failures is None and section.retry_times is not None:
        failures = max(1, section.retry_times)
    numbers = {name: getattr(section, name, None) for name in CONFIGURABLE}
    numbers |= {"breaker_failures": failures, "breaker_reset": section.breaker.reset}
    return {name: value for name, value in numbers.items() if value is not None}
