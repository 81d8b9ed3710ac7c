"""Sections and modes of extensions that are not installed, and names that belong to installed ones."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, requires
from typing import TYPE_CHECKING, Final

from packaging.requirements import Requirement

from orbital_runtime.plugins.registry import NotInstalled, Unusable
from orbital_runtime.settings.model.addition import additions, modes
from orbital_sdk.hints import nearest
from orbital_sdk.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings.model.collector import TaskSection
    from orbital_runtime.settings.model.root import Settings

RUNTIME: Final = "orbital-runtime"
"""Our distribution. Its extras are called as sections of extensions, and bring the package of each."""


def mistakes(
    settings: Settings, tasks: Mapping[int, TaskSection], registry: Registry
) -> Iterator[Problem]:
    """A mode that there is not, and names that belong to extensions.

    Args:
        settings: As far as they are right.
        tasks: The local tasks, by place in the file.
        registry: What is installed.
    """
    mode, known = settings.sender.mode, sorted(modes(additions(registry)))
    if mode not in known:
        near = nearest(mode, known)
        hint = f"did you mean {near}?" if near else _install(mode)
        listed = " or ".join(filter(None, (", ".join(known[:-1]), known[-1])))
        yield Problem(f"must be {listed}", ("sender", "mode"), hint)
    for name in registry.names("extension"):
        if name in settings.sender.direct:
            message = (
                f"is what the buffer calls the output of extension {name}; choose another name"
            )
            yield Problem(message, ("sender", "direct", name))
        for index, task in tasks.items():
            if task.id.startswith(f"{name}/"):
                message = f"tasks of extension {name} are called {name}/...; choose another name"
                yield Problem(message, ("tasks", index, "id"))


def explained(problem: Problem, registry: Registry) -> Problem:
    """The problem; of a section that only an extension has, with what is wrong or missing."""
    if problem.message != "unknown key" or len(problem.loc) != 1:
        return problem
    section = str(problem.loc[0])
    try:
        registry.extension(section)
    except Unusable as error:
        return replace(problem, message=str(error), hint="")
    except NotInstalled:
        pass
    if hint := _install(section):
        return replace(
            problem, message="is a section of an extension that is not installed", hint=hint
        )
    return problem


def _install(name: str) -> str:
    """How to get the extension that has this section or mode; empty where nobody knows one."""
    package = _package(name)
    return f"`pip install {package}`" if package else ""


def _package(name: str) -> str:
    with suppress(PackageNotFoundError):
        for requirement in map(Requirement, requires(RUNTIME) or ()):
            marker = requirement.marker
            if marker and marker.evaluate({"extra": name}) and not marker.evaluate({"extra": ""}):
                return requirement.name
    return ""
