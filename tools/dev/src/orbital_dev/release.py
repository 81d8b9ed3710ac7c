"""The next version of a package: its number, its changelog, and the ranges that siblings write on it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from orbital_dev.uv import find_uv

if TYPE_CHECKING:
    from pathlib import Path

    from orbital_dev.workspace import Member

NEWS = "<!-- news -->\n"
"""Where towncrier adds the section of a release."""


class ReleaseFailed(LookupError):  # noqa: N818 (reads as what happened)
    """A step of a release could not be taken."""


def prepare(root: Path, member: Member, bump: str) -> str:
    """Raise the version, make the changelog's fragments a section of CHANGELOG.md; the new version.

    Nothing is committed or published: publishing begins when the change is on main.

    Args:
        root: Of the workspace.
        member: What is released.
        bump: `major`, `minor` or `patch`.

    Raises:
        ReleaseFailed: The package is private, has nothing to tell its users, or a command failed.
    """
    if not member.published:
        raise ReleaseFailed(f"{member.name} is private; it is never published")
    folder = root / member.folder
    if not any(folder.glob("changelog.d/*.*.md")):
        raise ReleaseFailed(
            f"{member.folder}/changelog.d has no fragment; there is nothing to release"
        )
    uv = find_uv()
    version = _run(
        root, uv, "version", "--package", member.name, "--bump", bump, "--short", "--frozen"
    )
    _run(root, uv, "lock", "--quiet")
    changelog = folder / "CHANGELOG.md"
    if not changelog.exists():
        changelog.write_text(f"# Changes of {member.name}\n\n{NEWS}", encoding="utf-8")
    _run(
        root, sys.executable, "-m", "towncrier", "build", "--yes", "--config", "pyproject.toml",
        "--dir", member.folder, "--name", member.name, "--version", version,
    )  # fmt: skip
    return version


def _run(root: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReleaseFailed(f"{' '.join(command[:2])} failed: {done.stderr.strip()[-500:]}")
    return done.stdout.strip()
