"""Checks of names and lists in settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar

from pydantic import AfterValidator

from orbital_sdk.metric import LABEL_NAME, METRIC_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")


def _not_empty(items: tuple[T, ...]) -> tuple[T, ...]:
    if not items:
        raise ValueError("the list is empty; write at least one")
    return items


Some = Annotated[tuple[T, ...], AfterValidator(_not_empty)]
"""One or more. pydantic's own `min_length` does not count items that are wrong, and says so beside what
is wrong."""


def check_metric_name(name: str, shown: str = "") -> None:
    """Raises ValueError if it is not a name of a metric, with the name as it was written."""
    if not METRIC_NAME.fullmatch(name):
        raise ValueError(f"{shown or name!r} is not a metric name; use letters, digits, _ and :")


def check_label_names(names: Iterable[str]) -> None:
    """Raises ValueError if one is not a name of a label."""
    for name in names:
        if not LABEL_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a label name; use letters, digits and _")
