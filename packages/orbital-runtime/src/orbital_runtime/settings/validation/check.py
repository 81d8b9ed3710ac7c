"""Checks values with a model of a plugin, writer or processor."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from orbital_runtime.guard.escape import contained, origin
from orbital_runtime.plugins.registry import NotInstalled
from orbital_runtime.settings.problem import SettingsError
from orbital_sdk.problems import Loc, Problem, explain

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C")


def checked(
    model: type[M],
    values: Mapping[str, Any],
    *,
    at: Loc,
    ways: Mapping[str, Loc] | None = None,
    beside: Collection[str] = (),
) -> M:
    """Validate values with a model.

    Args:
        model: The model.
        values: As configured.
        at: Their path in the configuration.
        ways: Paths of single keys that are elsewhere.
        beside: Further valid keys at this place, for hints.

    Raises:
        SettingsError: All problems.
    """
    try:
        with contained:
            return model.model_validate(values)
    except ValidationError as error:
        problems = explain(error, model, beside=beside)
    except Exception as error:  # noqa: BLE001 (a stranger's validator may raise anything)
        raised = origin(error)
        problems = [Problem(f"its check failed: {type(raised).__name__}: {raised}")]
    raise SettingsError(_moved(problem, at, ways or {}) for problem in problems)


def _moved(problem: Problem, at: Loc, ways: Mapping[str, Loc]) -> Problem:
    first = str(problem.loc[0]) if problem.loc else ""
    base = ways.get(first)
    return replace(problem, loc=base + problem.loc[1:] if base else at + problem.loc)


def looked_up(find: Callable[[str], C], name: str, *, at: Loc) -> C:
    """Look a name up in the registry.

    Raises:
        SettingsError: It is not installed.
        Unusable: It is broken.
    """
    try:
        return find(name)
    except NotInstalled as error:
        raise SettingsError([Problem(str(error), at, error.hint)]) from error
