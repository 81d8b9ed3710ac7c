"""Unmet requirements of installed packages, as `pip install --no-deps` leaves them."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

if TYPE_CHECKING:
    from collections.abc import Iterable


def unmet(declared: Iterable[str]) -> list[str]:
    """Requirements that are not met, each as `attrs>=24,<26 (23.1.0 is installed)`.

    Args:
        declared: `Requires-Dist` of a package's metadata; those of extras are ignored.

    Source: https://packaging.python.org/en/latest/specifications/dependency-specifiers/
    """
    return [problem for text in declared if (problem := _problem(text))]


def _problem(text: str) -> str:
    try:
        wanted = Requirement(text)
    except InvalidRequirement:
        return f"{text!r}, which is not a requirement that can be read"
    if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
        return ""
    plain = f"{wanted.name}{wanted.specifier}"
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return f"{plain} (not installed)"
    held = wanted.specifier.contains(found, prereleases=True)
    return "" if held else f"{plain} ({found} is installed)"
