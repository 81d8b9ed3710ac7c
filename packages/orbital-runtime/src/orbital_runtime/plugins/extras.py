"""Packages that bring what is not installed, as the extras of the runtime's own metadata name them."""

from __future__ import annotations

from contextlib import suppress
from importlib.metadata import PackageNotFoundError, requires
from typing import Final

from packaging.requirements import Requirement

RUNTIME: Final = "orbital-runtime"
"""Our distribution. It has an extra, with the package, for each section and mode of an extension, and one for
secrets.
"""


def package_of(name: str) -> str:
    """The package that brings this section or mode; empty if unknown."""
    with suppress(PackageNotFoundError):
        for requirement in map(Requirement, requires(RUNTIME) or ()):
            marker = requirement.marker
            if marker and marker.evaluate({"extra": name}) and not marker.evaluate({"extra": ""}):
                return requirement.name
    return ""
