"""The plugins of a directory in the registry."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from orbital_runtime.plugins.registry import Unusable

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from orbital_runtime.directory.search import Folder
    from orbital_runtime.plugins.registry import Registry


@contextmanager
def placed(
    found: Iterable[Folder], before: Iterable[Folder], registry: Registry
) -> Generator[None]:
    """Put these in the registry in place of those of before. Ended by an error, it is as it was."""
    now, then = list(found), list(before)
    put_plugins(now, then, registry)
    try:
        yield
    except BaseException:
        put_plugins(then, now, registry)
        raise


def put_plugins(now: Iterable[Folder], then: Iterable[Folder], registry: Registry) -> None:
    """Put these in the registry in place of those of before."""
    known = {folder.name: folder for folder in then}
    for folder in now:
        before = known.pop(folder.name, None)
        if folder != before and not folder.note:
            _put(folder, registry)
    for gone in known.values():
        if not gone.note:
            registry.remove(gone.name)


def _put(folder: Folder, registry: Registry) -> None:
    source, problem = str(folder.path), folder.problem
    if folder.plugin is not None:
        try:
            registry.put(folder.plugin, source=source, version=folder.version, problem=problem)
        except Unusable as error:
            problem = str(error)
        else:
            return
    registry.refuse(folder.name, problem, source=source, version=folder.version)
