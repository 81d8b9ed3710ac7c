"""Wheels and source distributions as an index gets them: addresses of the project, links that work there."""

from __future__ import annotations

import posixpath
import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from orbital_dev.uv import find_uv

if TYPE_CHECKING:
    from orbital_dev.workspace import Member

RELATIVE_LINK = re.compile(r"(?P<before>\]\()(?P<path>(?![a-z]+:|#|/)[^)#\s]+)(?P<after>[^)]*\))")
"""A Markdown link or picture whose target is a file of the repository."""
TABLE_OF_URLS = """
[project.urls]
Homepage = "{repository}"
Source = "{repository}/tree/{tag}/{folder}"
Changelog = "{repository}/blob/{tag}/{folder}/CHANGELOG.md"
Issues = "{repository}/issues"
"""


class BuildFailed(LookupError):  # noqa: N818 (reads as what happened)
    """uv could not build a package."""


def build(root: Path, member: Member, out: Path, *, repository: str) -> list[Path]:
    """The source distribution and the wheel of a member, in that order, in the folder `out`.

    They are built from a copy of its folder, in which the README's links are absolute and `[project.urls]`
    is present, both at the tag of this version; without the workspace.

    Args:
        root: Of the workspace.
        member: What is built.
        out: A folder, which is made if it is not there.
        repository: The address of the repository, such as `https://git.example.com/orbital/sentinel`.

    Raises:
        BuildFailed: With the last lines of uv.
    """
    with TemporaryDirectory(prefix="build-") as folder:
        copy = Path(folder) / member.name
        shutil.copytree(root / member.folder, copy, ignore=shutil.ignore_patterns("__pycache__"))
        _point_at(repository.rstrip("/"), member, copy)
        done = subprocess.run(
            [find_uv(), "build", "--no-sources", "--quiet", "--out-dir", str(out), str(copy)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        raise BuildFailed(f"{member.name} cannot be built: {done.stderr.strip()[-500:]}")
    stem = f"{member.name.replace('-', '_')}-{member.version}"
    return [out / f"{stem}.tar.gz", out / f"{stem}-py3-none-any.whl"]


def _point_at(repository: str, member: Member, copy: Path) -> None:
    readme = copy / "README.md"
    base = f"{repository}/blob/{member.tag}"
    readme.write_text(absolute_links(readme.read_text("utf-8"), base, member.folder), "utf-8")
    with (copy / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(
            TABLE_OF_URLS.format(repository=repository, tag=member.tag, folder=member.folder)
        )


def absolute_links(text: str, base: str, folder: str) -> str:
    """The page with each link to a file, as seen from `folder` of the repository, below the address `base`.

    Raises:
        BuildFailed: A link leaves the repository.
    """

    def absolute(link: re.Match[str]) -> str:
        path = posixpath.normpath(f"{folder}/{link['path']}")
        if path.startswith(".."):
            raise BuildFailed(f"{folder}/README.md: {link['path']} leaves the repository")
        return f"{link['before']}{base}/{path}{link['after']}"

    return RELATIVE_LINK.sub(absolute, text)
