"""The outputs of a configuration, checked: each a writer, its settings, and its delivery's numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from orbital_runtime.plugins.registry import Unusable
from orbital_runtime.settings.problem import SettingsError
from orbital_runtime.settings.validation.broken_writer import BrokenWriter, broken_writer
from orbital_runtime.settings.validation.check import checked, looked_up
from orbital_sdk import WriterConfig
from orbital_sdk.model_keys import accepted
from orbital_sdk.problems import Loc, Problem

if TYPE_CHECKING:
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings.model.delivery import OutputSection
    from orbital_runtime.settings.model.root import Settings
    from orbital_sdk import Processor, ProcessorConfig, Writer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """One output that samples go to."""

    name: str
    writer: type[Writer[Any]]
    config: WriterConfig
    batch_size: int
    """Samples of one request, at most."""
    batch_bytes: int
    """Bytes of values in one request, at most."""
    flush_interval: float
    """Seconds that a batch waits for more."""
    timeout: float
    """Seconds that one request may take."""
    retry_interval: float
    """Seconds of the first pause."""
    retry_max_interval: float
    """Seconds of the longest pause."""
    pause_retry: float
    """Seconds until a paused output looks again."""
    backlog_after: float
    """Seconds after which more than a request's worth is a backlog."""
    backlog_rate: int | None
    """Samples a second of it, at most."""
    breaker_failures: int
    """Failures in a row that open the breaker."""
    breaker_reset: float
    """Seconds until its probe."""

    @property
    def broken(self) -> str:
        """Why its writer cannot be used; empty if it can."""
        return self.writer.reason if issubclass(self.writer, BrokenWriter) else ""


@dataclass(frozen=True, slots=True)
class ProcessorSettings:
    """One processor of the chain."""

    name: str
    processor: type[Processor[Any]]
    config: ProcessorConfig


def outputs(settings: Settings, registry: Registry) -> list[OutputSettings]:
    """Every output that samples go to, checked; none in mode `core`.

    Raises:
        SettingsError: All that is wrong with any enabled one, whatever the mode.
    """
    found = enabled_outputs(settings, registry)
    return [] if settings.sender.mode == "core" else found


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
    numbers = _numbers(section, settings)
    try:
        writer = looked_up(registry.writer, section.writer or name, at=name_at)
    except Unusable as error:
        stand_in = broken_writer(section.writer or name, str(error))
        return OutputSettings(name=name, writer=stand_in, config=WriterConfig(), **numbers)
    shared = {key: numbers[key] for key in accepted(writer.config_model) & numbers.keys()}
    own = accepted(type(section))
    config = checked(writer.config_model, section.options | shared, at=at, beside=own)
    return OutputSettings(name=name, writer=writer, config=config, **numbers)


def _numbers(section: OutputSection, settings: Settings) -> dict[str, Any]:
    """Delivery's numbers. A writer that knows one by the same name is given it as well."""
    sender, own, usual = settings.sender, section.breaker, settings.sender.breaker
    failures = _first(own.failures, section.retry_times, usual.failures, sender.retry_times)
    return {
        "batch_size": _first(section.batch_size, sender.batch_size),
        "batch_bytes": _first(section.batch_bytes, sender.batch_bytes),
        "flush_interval": _first(section.flush_interval, settings.buffer.flush_interval),
        "timeout": _first(section.timeout, sender.timeout),
        "retry_interval": _first(section.retry_interval, sender.retry_interval),
        "retry_max_interval": _first(section.retry_max_interval, sender.retry_max_interval),
        "pause_retry": _first(section.pause_retry, sender.pause_retry),
        "backlog_after": _first(section.backlog_after, sender.backlog_after),
        "backlog_rate": section.backlog_rate or sender.backlog_rate,
        "breaker_failures": max(1, failures),
        "breaker_reset": _first(own.reset, usual.reset),
    }


def _first(*values: T | None) -> T:
    return next(value for value in values if value is not None)


def processors(settings: Settings, registry: Registry) -> list[ProcessorSettings]:
    """The chain, checked.

    Raises:
        SettingsError: All that is wrong with any of them.
    """
    found: list[ProcessorSettings] = []
    problems: list[Problem] = []
    for index, section in enumerate(settings.processors):
        at: Loc = ("processors", index)
        try:
            one = _processor(registry, section.name, (*at, "name"))
            config = checked(one.config_model, section.options, at=at)
            found.append(ProcessorSettings(section.name, one, config))
        except SettingsError as error:
            problems += error.problems
    if problems:
        raise SettingsError(problems)
    return found


def _processor(registry: Registry, name: str, at: Loc) -> type[Processor[Any]]:
    """One that is broken is refused: samples would go out that it was to keep back."""
    try:
        return looked_up(registry.processor, name, at=at)
    except Unusable as error:
        raise SettingsError([Problem(str(error), at)]) from error
