"""The plugins of a directory: each folder gives a class, or the reason why it does not."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from orbital_runtime.directory.files import NAME, check_rights, folders, parts
from orbital_runtime.directory.reading import read
from orbital_runtime.guard.escape import contained, origin
from orbital_runtime.plugins.registry import NotInstalled
from orbital_runtime.signature import signature
from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from orbital_runtime.directory.reading import Description
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.signature import Signature
    from orbital_sdk import Plugin
    from orbital_sdk.loader import Loader


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder, as it was found."""

    path: Path
    seen: Signature
    """What its files were."""
    name: str
    """Of its plugin; of the folder where nobody knows."""
    version: str = ""
    plugin: type[Plugin[Any, Any]] | None = None
    """None where none works."""
    problem: str = ""
    """What is wrong with it. Beside a plugin: that is the one of before."""
    note: str = ""
    """Why it is passed over: there is nothing to run, and an installed plugin has its name."""


def search(
    directory: Path, registry: Registry, before: Iterable[Folder] = ()
) -> tuple[Folder, ...]:
    """What is in the directory now. Imports loaders, and may block for seconds.

    Args:
        directory: The folder of folders.
        registry: Knows loaders.
        before: What was found last. What did not change stays the same class, and what cannot be used any
            more keeps the class of before.
    """
    known = {folder.path: folder for folder in before}
    found: dict[str, Folder] = {}
    for path in folders(directory):
        if not (path / NAME).is_file():
            continue
        folder = _look(directory, path, registry, known.get(path))
        if other := found.get(folder.name):
            problem = f"{other.path} has the name {folder.name!r} already"
            folder = Folder(path, folder.seen, path.name, problem=problem)
        found[folder.name if not folder.problem else str(path)] = folder
    return tuple(found.values())


def _look(directory: Path, path: Path, registry: Registry, before: Folder | None) -> Folder:
    seen = signature(*parts(path))
    if before is not None and before.seen == seen and before.plugin and not before.problem:
        return before
    unknown = Folder(path, seen, path.name)
    try:
        description = read(path)
        meta = description.file.meta
        unknown = replace(unknown, name=meta.name, version=meta.version)
        if _runs(description, registry):  # else who may write there matters to nobody
            check_rights(directory, path)
        return replace(unknown, plugin=_load(path, description, registry))
    except NothingToRun as error:
        if unknown.name in registry.names("plugin"):
            return replace(unknown, note=f"{path / NAME}: {error}; the installed plugin is used")
        return _broken(unknown, str(error), before)
    except ConfigurationError as error:
        return _broken(unknown, str(error), before)


def _broken(folder: Folder, problem: str, before: Folder | None) -> Folder:
    """It stays what it was before, if it was anything."""
    if before is None or before.plugin is None:
        return replace(folder, problem=problem)
    return replace(before, seen=folder.seen, problem=problem)


def load_folder(path: Path, registry: Registry) -> type[Plugin[Any, Any]]:
    """The plugin of one folder, whoever may write there.

    Raises:
        ConfigurationError: There is none; says what is wrong, with file, line and key.
    """
    return _load(path, read(path), registry)


class NothingToRun(ConfigurationError):  # noqa: N818 (reads as what happened)
    """No loader reads such a description."""


def _load(path: Path, description: Description, registry: Registry) -> type[Plugin[Any, Any]]:
    try:
        loader = _loader(description, registry)
        with contained:
            return loader.load(path, description.values)
    except NothingToRun:
        raise
    except ConfigurationError as error:
        raise description.place(error) from error
    except Exception as error:
        raised = origin(error)
        raise ConfigurationError(
            f"{description.path}: its loader failed: {type(raised).__name__}: {raised}"
        ) from error


def _runs(description: Description, registry: Registry) -> bool:
    with suppress(Exception):  # `_load` says it
        try:
            _loader(description, registry)
        except NothingToRun:
            return False
    return True


def _loader(description: Description, registry: Registry) -> Loader:
    section = description.file.exec
    if section is not None:
        name = str(section.get("protocol", "exec"))
        try:
            return registry.loader(name)()
        except NotInstalled as error:
            known = ", ".join(registry.names("loader")) or "none"
            raise ConfigurationError(
                f"there is no loader {name!r}; installed: {known}", field="exec.protocol"
            ) from error
    for loader in _loaders(registry):
        if loader.fits(description.values):
            return loader
    raise NothingToRun("it names no program (exec) and no metric with an oid")


def _loaders(registry: Registry) -> Iterator[Loader]:
    for name in registry.names("loader"):
        yield registry.loader(name)()
