"""Checks sections and modes of extensions, and names that are reserved for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orbital_runtime.plugins.extras import package_of
from orbital_runtime.plugins.registry import NotInstalled, Unusable
from orbital_runtime.settings.model.addition import additions, modes
from orbital_sdk.hints import nearest
from orbital_sdk.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings.model.collector import TaskSection
    from orbital_runtime.settings.model.root import Settings


def mistakes(
    settings: Settings, tasks: Mapping[int, TaskSection], registry: Registry
) -> Iterator[Problem]:
    """Problems of unknown modes and reserved names.

    Args:
        settings: The valid part.
        tasks: The local tasks, by index in the file.
        registry: Installed parts.
    """
    mode, known = settings.sender.mode, sorted(modes(additions(registry)))
    if mode not in known:
        near = nearest(mode, known)
        package = package_of(mode)
        hint = f"did you mean {near}?" if near else _remedy(package, registry) if package else ""
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
    """The problem, with a hint if it is a section of an extension."""
    if problem.message != "unknown key" or len(problem.loc) != 1:
        return problem
    section = str(problem.loc[0])
    try:
        registry.extension(section)
    except Unusable as error:
        return replace(problem, message=str(error), hint="")
    except NotInstalled:
        pass
    if package := package_of(section):
        state = "cannot be used" if _is_broken(package, registry) else "is not installed"
        message = f"is a section of an extension that {state}"
        return replace(problem, message=message, hint=_remedy(package, registry))
    return problem


def _remedy(package: str, registry: Registry) -> str:
    """How to install or repair the extension of this package."""
    if _is_broken(package, registry):
        return f"`sentinel plugins list` says why {package} cannot be used"
    return f"`pip install {package}`"


def _is_broken(package: str, registry: Registry) -> bool:
    """Whether it is installed, but its extension cannot be used."""
    registry.extensions()  # what is broken is known once it was looked at
    return any(one.distribution == package for one in registry.broken())
