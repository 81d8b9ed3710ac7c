"""The members of the workspace, and who depends on whom."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PRIVATE = "Private :: Do Not Upload"


@dataclass(frozen=True, slots=True)
class Member:
    """One package of the workspace."""

    name: str
    version: str
    folder: str
    """Below the root, with slashes."""
    document: Mapping[str, Any]
    """Its pyproject.toml."""

    @property
    def published(self) -> bool:
        """Whether others can install it."""
        return PRIVATE not in self.document["project"].get("classifiers", ())

    @property
    def dependencies(self) -> set[str]:
        """Names of the packages that come with it; not those of its extras."""
        listed = self.document["project"].get("dependencies", ())
        return {canonicalize_name(Requirement(line).name) for line in listed}

    @property
    def tag(self) -> str:
        """The tag of this version: `orbital-sdk/v0.1.0`. No name of a package contains a slash."""
        return f"{self.name}/v{self.version}"

    def requirements(self) -> Iterator[Requirement]:
        """Everything it asks for: for itself, for its extras, for its dependency groups."""
        project = self.document["project"]
        extras = project.get("optional-dependencies", {}).values()
        groups = self.document.get("dependency-groups", {}).values()
        for listed in (project.get("dependencies", ()), *extras, *groups):
            yield from (Requirement(line) for line in listed if isinstance(line, str))


def find_root(start: Path) -> Path:
    """The folder at or above `start` whose pyproject.toml has a workspace.

    Raises:
        LookupError: There is none.
    """
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        if path.exists() and "workspace" in _toml(path).get("tool", {}).get("uv", {}):
            return folder
    raise LookupError(f"{start} is in no uv workspace; go to its folder")


def members(root: Path) -> list[Member]:
    """All members but the root itself, by name."""
    globs = _toml(root / "pyproject.toml")["tool"]["uv"]["workspace"]["members"]
    paths = {path for glob in globs for path in root.glob(f"{glob}/pyproject.toml")}
    return sorted((_member(root, path) for path in paths), key=lambda member: member.name)


def dependants(root: Path) -> dict[str, set[str]]:
    """Name of a package -> names of those that depend on it, themselves or for their tests (uv.lock)."""
    users: dict[str, set[str]] = {}
    for package in _toml(root / "uv.lock")["package"]:
        more = [package.get(key, {}) for key in ("optional-dependencies", "dev-dependencies")]
        lists = [package.get("dependencies", ()), *(listed for m in more for listed in m.values())]
        for dependency in (d for listed in lists for d in listed):
            users.setdefault(dependency["name"], set()).add(package["name"])
    return users


def _member(root: Path, path: Path) -> Member:
    document = _toml(path)
    project = document["project"]
    folder = path.parent.relative_to(root).as_posix()
    return Member(canonicalize_name(project["name"]), project["version"], folder, document)


def _toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))
