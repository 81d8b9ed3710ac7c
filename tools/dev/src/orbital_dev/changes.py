"""What changed since a commit, which packages that can break, and whether users are told."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from orbital_dev.workspace import Member

HARMLESS = re.compile(r"docs/.*|[^/]*\.md|LICENSE")
"""Files outside of packages that no package's own tests can notice."""
FRAGMENT = re.compile(r"[^./][^/]*\.(added|changed|fixed|removed|security)(\.\d+)?\.md")


class NoSuchCommit(LookupError):  # noqa: N818 (reads as what happened)
    """The base of the comparison is not here."""


def changed_files(root: Path, base: str) -> list[str]:
    """Files that differ between the working tree and where HEAD left `base`; old and new name of moved ones.

    Raises:
        NoSuchCommit: `base` is unknown here, or has no history in common.
    """
    changed = _git(root, "diff", "--name-only", "--no-renames", "-z", "--merge-base", base)
    new = _git(root, "ls-files", "--others", "--exclude-standard", "-z")
    return sorted({*changed, *new})


def _git(root: Path, *arguments: str) -> list[str]:
    done = subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NoSuchCommit(
            f"git cannot compare: {done.stderr.strip()}; fetch it, or name another base"
        )
    return [name for name in done.stdout.split("\0") if name]


def breakable(
    files: Iterable[str], members: Sequence[Member], users: Mapping[str, Iterable[str]]
) -> list[str]:
    """Names of the members that a change of these files can break: theirs, and all that depend on them."""
    everything = {member.name for member in members}
    reached: set[str] = set()
    for file in files:
        owner = _owner(file, members)
        if owner:
            reached.add(owner.name)
        elif not HARMLESS.fullmatch(file):
            return sorted(everything)
    waiting = list(reached)
    while waiting:
        further = {name for name in users.get(waiting.pop(), ()) if name in everything} - reached
        reached |= further
        waiting += further
    return sorted(reached)


def untold(root: Path, files: Iterable[str], members: Sequence[Member]) -> Iterator[str]:
    """A sentence for each published member whose sources changed without a word to its users."""
    files = list(files)
    for member in members:
        sources, news = f"{member.folder}/src/", f"{member.folder}/changelog.d/"
        fragments = [
            f.removeprefix(news) for f in files if f.startswith(news) and (root / f).exists()
        ]
        for name in fragments:
            if not name.startswith(".") and not FRAGMENT.fullmatch(name):
                yield f"{news}{name}: call it <issue>.<added|changed|fixed|removed|security>.md"
        touched = member.published and any(file.startswith(sources) for file in files)
        if touched and not any(FRAGMENT.fullmatch(name) for name in fragments):
            yield f"{sources} changed; say so to users of {member.name} in {news}<issue>.<kind>.md"


def _owner(file: str, members: Iterable[Member]) -> Member | None:
    return next((member for member in members if file.startswith(f"{member.folder}/")), None)
