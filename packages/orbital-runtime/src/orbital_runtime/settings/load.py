"""Loads and checks a configuration; reports all problems at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from orbital_runtime.directory.files import watched as plugin_files
from orbital_runtime.directory.placing import placed, put_plugins
from orbital_runtime.directory.search import Folder, search
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.secrets.secrets import Secrets
from orbital_runtime.settings.model.addition import additions, modes, settings_model, with_mode
from orbital_runtime.settings.model.agent import PluginsSection
from orbital_runtime.settings.note import Note
from orbital_runtime.settings.problem import SettingsError
from orbital_runtime.settings.resolution import resolve
from orbital_runtime.settings.secrecy import secrets_in
from orbital_runtime.settings.source import files
from orbital_runtime.settings.source.gather import Source, gather
from orbital_runtime.settings.source.tree import Node, place
from orbital_runtime.settings.validation.binding import Binder, unknown_defaults
from orbital_runtime.settings.validation.exposure import exposed
from orbital_runtime.settings.validation.extensions import explained, mistakes
from orbital_runtime.settings.validation.isolation import unusable_isolation
from orbital_runtime.settings.validation.notes import notes
from orbital_runtime.settings.validation.outputs import OutputSettings, enabled_outputs
from orbital_runtime.settings.validation.processor_notes import field_notes, name_notes
from orbital_runtime.settings.validation.processors import ProcessorSettings, processors
from orbital_runtime.settings.validation.sections import validate
from orbital_runtime.signature import signature
from orbital_sdk.problems import Problem, dotted
from orbital_sdk.secrecy import hold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from orbital_runtime.model import Task
    from orbital_runtime.settings.model.collector import TaskSection
    from orbital_runtime.settings.model.root import Settings
    from orbital_runtime.settings.source.kept import Texts
    from orbital_runtime.signature import Signature

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fallback:
    """The last good configuration is in effect, since the file has errors."""

    kept_ms: int
    """When it was kept, in milliseconds UTC."""
    problems: tuple[str, ...]
    """The errors of the file at the start."""


@dataclass(frozen=True)
class Loaded:
    """A checked configuration."""

    settings: Settings
    path: Path | None
    """The file; None for the built-in configuration."""
    tasks: tuple[Task, ...]
    """The enabled local tasks."""
    outputs: tuple[OutputSettings, ...]
    """The outputs; empty in a mode that does not use them."""
    direct: bool
    """Whether samples go to the outputs under `sender.direct`."""
    processors: tuple[ProcessorSettings, ...]
    """In the order of the file: of all samples, of tasks, of outputs."""
    folders: tuple[Folder, ...]
    """What is in `plugins.directory`."""
    notes: tuple[Note, ...]
    broken: frozenset[str]
    """Ids of the tasks that cannot run because their plugin is broken."""
    watched: tuple[Path, ...]
    """Files and folders to watch for a reload; one may not exist yet."""
    seen: Signature
    """Their signature before they were read."""
    root: Node = field(repr=False)
    """All keys with file and line."""
    texts: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """The files as they were read, by absolute path; references to the environment are unresolved."""
    fallback: Fallback | None = None
    """Set if it is not what the file says today."""
    secrets: Secrets = field(default_factory=Secrets)
    """What its references to secrets stand for."""

    def look_at(self) -> tuple[Path, ...]:
        """What is watched, and the files of plugins that are in their directory now."""
        return (*self.watched, *plugin_files(Path(self.settings.plugins.directory)))

    @property
    def where(self) -> dict[str, tuple[str, int]]:
        """File and line of each value, by dotted key; line 0 for an environment variable."""
        return {dotted(loc): (node.file, node.line) for loc, node in self.root.leaves()}


def secrets_of(tasks: Iterable[Task]) -> Iterator[str]:
    """All secrets of devices and plugins."""
    for task in tasks:
        yield from secrets_in(task.device)
        yield from secrets_in(task.config)


def _secrets(
    settings: Settings,
    tasks: Iterable[Task],
    outputs: Iterable[OutputSettings],
    processors: Iterable[ProcessorSettings],
    secrets: Secrets,
) -> Iterator[str]:
    """All secrets of a configuration."""
    yield from secrets.texts()
    sections = (getattr(settings, name) for name in type(settings).model_fields if name != "tasks")
    for section in sections:
        yield from secrets_in(section)
    yield from secrets_of(tasks)
    for part in (*outputs, *processors):
        yield from secrets_in(part.config)


def load(
    path: Path | None,
    environ: Mapping[str, str],
    *,
    registry: Registry | None = None,
    before: Loaded | None = None,
    place: Texts = files,
) -> Loaded:
    """Read and check a configuration. Nothing is started, and there is no network access, except by providers
    of secrets that it names.

    The plugins of its directory are in the registry afterwards.

    Args:
        path: The file; None to search for one, and to use the built-in configuration if there is none.
        environ: For `${NAME}`, `SENTINEL_SECTION__KEY` and the folders.
        registry: Installed parts; discovered if not given.
        before: The configuration read last: plugins that did not change since keep their class, and
            providers of secrets with equal settings go on.
        place: Where texts are read from; left out: the files themselves.

    Raises:
        SettingsError: All problems; the registry is as it was.
    """
    registry = registry or Registry.discover(environ)
    source = gather(path, environ, additions(registry), place)
    if not source.readable:
        raise SettingsError(source.problems)
    try:
        secrets = resolve(source, registry, environ, before.secrets if before else None)
    except SettingsError as error:
        raise SettingsError(presented([*source.problems, *error.problems], source.root)) from None
    return _Loading(source, registry, secrets).result(before.folders if before else ())


def place_plugins(path: Path | None, environ: Mapping[str, str], registry: Registry) -> None:
    """Put the plugins of the directory in the registry, whatever else the configuration says.

    Args:
        path: The file that names the directory; None as in `load`.
        environ: As in `load`.
        registry: Gets the plugins.
    """
    source = gather(path, environ)
    section = source.root.child("plugins")
    node = section.child("directory") if section else None
    named = node.value if node else None
    directory = named if isinstance(named, str) else PluginsSection().directory
    put_plugins(search(Path(directory), registry), (), registry)


class _Loading:
    """The checks after reading. Each adds its problems, and the next one runs anyway."""

    def __init__(self, source: Source, registry: Registry, secrets: Secrets) -> None:
        self._source = source
        self._secrets = secrets
        self._registry = registry
        self._problems = source.problems

    def result(self, before: tuple[Folder, ...]) -> Loaded:
        added = additions(self._registry)
        settings, sections = validate(self._source.root, self._problems, settings_model(added))
        settings = with_mode(settings, added)
        directory = Path(settings.plugins.directory)
        self._source.seen += signature(*plugin_files(directory))
        found = search(directory, self._registry, before)
        with placed(found, before, self._registry):
            return self._checked(settings, sections, found)

    def _checked(
        self,
        settings: Settings,
        sections: Mapping[int, TaskSection],
        folders: tuple[Folder, ...],
    ) -> Loaded:
        source, registry = self._source, self._registry
        added = additions(registry)
        self._problems[:] = [explained(problem, registry) for problem in self._problems]
        self._problems += mistakes(settings, sections, registry)
        self._problems += unknown_defaults(registry, settings.plugins.config)
        self._problems += unusable_isolation(settings, registry)
        chain = self._part(partial(processors, tasks=sections), settings)
        reached = self._part(enabled_outputs, settings)
        binder = Binder(registry, settings)
        bound = self._bound(binder, sections)
        able = {index: task for index, task in bound.items() if task.plugin not in binder.broken}
        working = [output for output in reached if not output.broken]
        self._problems += exposed(
            source.root, settings, able, working, chain, providers=self._secrets.settings
        )
        if self._problems:
            raise SettingsError(presented(self._problems, source.root))
        own = _secrets(settings, bound.values(), reached, chain, self._secrets)
        hold("configuration", own)
        direct = modes(added)[settings.sender.mode]
        return Loaded(
            settings=settings,
            path=source.path,
            tasks=tuple(bound.values()),
            outputs=tuple(reached) if direct else (),
            direct=direct,
            processors=tuple(chain),
            folders=folders,
            notes=(
                *(Note(*one) for one in source.renamed),
                *notes(settings, registry, folders),
                *name_notes(chain),
                *self._field_notes(settings, chain, able.values()),
            ),
            broken=frozenset(task.id for task in bound.values() if task.plugin in binder.broken),
            watched=tuple(source.watched),
            seen=source.seen,
            root=source.root,
            texts=source.texts,
            secrets=self._secrets,
        )

    def _field_notes(
        self, settings: Settings, chain: Iterable[ProcessorSettings], tasks: Iterable[Task]
    ) -> Iterator[Note]:
        """Only where all tasks are known: an extension may give others."""
        added = additions(self._registry)
        if any(one.gives_tasks(settings) for one in added):
            return iter(())
        return field_notes([one for one in chain if not one.output], [*tasks])

    def _part(self, check: Callable[[Settings, Registry], list[T]], settings: Settings) -> list[T]:
        try:
            return check(settings, self._registry)
        except SettingsError as error:
            self._problems += error.problems
            return []

    def _bound(self, binder: Binder, sections: Mapping[int, TaskSection]) -> dict[int, Task]:
        """The enabled tasks, by place in the file."""
        tasks: dict[int, Task] = {}
        for index, section in sections.items():
            if section.enabled:
                try:
                    tasks[index] = binder.bind(section, at=("tasks", index))
                except SettingsError as error:
                    self._problems += error.problems
        return tasks


def presented(problems: Iterable[Problem], root: Node) -> list[Problem]:
    """The problems with file and line, in the order of the files, one for each key."""
    found: dict[tuple[str, int, str], Problem] = {}
    for problem in problems:
        one = problem if problem.file else place(problem, root)
        key = one.file, one.line, one.key
        found[key] = _joined(found[key], one) if key in found else one
    order = list(dict.fromkeys(one.file for one in found.values()))
    return sorted(found.values(), key=lambda one: (order.index(one.file), one.line))


def _joined(first: Problem, second: Problem) -> Problem:
    """Join the messages of the branches of a union; otherwise the first one is used."""
    more = second.message.removeprefix("must be ")
    if (
        first.message.startswith("must be ")
        and second.message != more
        and more not in first.message
    ):
        return replace(first, message=f"{first.message} or {more}")
    return first
