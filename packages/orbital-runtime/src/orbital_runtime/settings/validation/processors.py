"""The processors of a configuration, checked: each with its settings and its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from orbital_runtime.guard.escape import contained
from orbital_runtime.plugins.registry import Unusable
from orbital_runtime.settings.problem import SettingsError
from orbital_runtime.settings.validation.check import checked, looked_up
from orbital_sdk.problems import Loc, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings.model.collector import TaskSection
    from orbital_runtime.settings.model.processor import ProcessorSection
    from orbital_runtime.settings.model.root import Settings
    from orbital_sdk import Processor, ProcessorConfig


NO_TASKS: Final[Mapping[int, TaskSection]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ProcessorSettings:
    """One processor in its place: of one task, of one output, or of all samples."""

    name: str
    processor: type[Processor[Any]]
    config: ProcessorConfig
    task: str = ""
    """Id of the task whose samples pass it, before all samples meet."""
    output: str = ""
    """Name of the output whose samples pass it, behind the buffer."""
    at: Loc = field(default=(), compare=False)
    """The way to it in the configuration."""

    @property
    def place(self) -> str:
        """Its place in words; empty for all samples."""
        return f"task {self.task}" if self.task else f"output {self.output}" if self.output else ""


class _Place(NamedTuple):
    sections: Sequence[ProcessorSection]
    at: Loc
    task: str = ""
    output: str = ""


def processors(
    settings: Settings, registry: Registry, tasks: Mapping[int, TaskSection] = NO_TASKS
) -> list[ProcessorSettings]:
    """Every processor, checked; those of all samples first, in their order.

    Args:
        settings: As far as they are right.
        registry: What is installed.
        tasks: The local tasks, by place in the file.

    Raises:
        SettingsError: All that is wrong with any of them.
    """
    found: list[ProcessorSettings] = []
    problems: list[Problem] = []
    for place in _places(settings, tasks):
        for index, section in enumerate(place.sections):
            try:
                found.append(_processor(registry, section, place, (*place.at, index)))
            except SettingsError as error:
                problems += error.problems
    if problems:
        raise SettingsError(problems)
    return found


def _places(settings: Settings, tasks: Mapping[int, TaskSection]) -> Iterator[_Place]:
    yield _Place(settings.processors, ("processors",))
    for index, task in tasks.items():
        if task.enabled:
            yield _Place(task.processors, ("tasks", index, "processors"), task=task.id)
    for name, output in settings.sender.direct.items():
        if output.enabled:
            at: Loc = ("sender", "direct", name, "processors")
            yield _Place(output.processors, at, output=name)


def _processor(
    registry: Registry, section: ProcessorSection, place: _Place, at: Loc
) -> ProcessorSettings:
    """One that is broken is refused: samples would go out that it was to keep back."""
    name_at = (*at, "name")
    try:
        processor = looked_up(registry.processor, section.name, at=name_at)
    except Unusable as error:
        raise SettingsError([Problem(str(error), name_at)]) from error
    config = checked(processor.config_model, section.options, at=at)
    if place.output:
        _check_at_output(processor, config, name_at)
    return ProcessorSettings(section.name, processor, config, place.task, place.output, at)


def _check_at_output(
    processor: type[Processor[Any]], config: ProcessorConfig, name_at: Loc
) -> None:
    hint = "put it under `processors`, at the top or of a task"
    if not processor.stateless:
        message = f"processor {processor.name!r} keeps something of the samples, or may do so"
        hint = f"at an output samples come again when a request failed: {hint}"
        raise SettingsError([Problem(message, name_at, hint)])
    if fields := told(processor.device_fields, config):
        message = f"processor {processor.name!r} needs a field of the device ({fields[0]})"
        hint = f"at an output they are not known any more: {hint}"
        raise SettingsError([Problem(message, name_at, hint)])


def told(ask: Callable[[Any], Iterable[str]], config: ProcessorConfig) -> list[str]:
    """What a processor says of its settings; nothing if it fails over them."""
    try:
        with contained:
            return [*ask(config)]
    except Exception:  # noqa: BLE001 (a stranger's code may raise anything)
        return []
