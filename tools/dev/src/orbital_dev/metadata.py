"""What an index shows of a package: complete in the pyproject.toml of every published member."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from orbital_dev.workspace import Member

KEYS = ("description", "readme", "license", "license-files", "authors", "keywords", "classifiers")
CLASSIFIERS = (
    "Operating System :: POSIX :: Linux",
    "Programming Language :: Python :: 3",
    "Topic :: System :: Monitoring",
    "Typing :: Typed",
)


def incomplete(root: Path, members: Sequence[Member]) -> Iterator[str]:
    """A sentence for each thing that a published member lacks."""
    licence = (root / "LICENSE").read_bytes()
    for member in (member for member in members if member.published):
        project = member.document["project"]
        for key in KEYS:
            if not project.get(key):
                yield f"{member.folder}/pyproject.toml: [project] has no `{key}`"
        for classifier in CLASSIFIERS:
            if classifier not in project.get("classifiers", ()):
                yield f"{member.folder}/pyproject.toml: the classifier `{classifier}` is missing"
        copy = root / member.folder / "LICENSE"
        if not copy.exists() or copy.read_bytes() != licence:
            yield f"{member.folder}/LICENSE is not the project's; ln -s ../../LICENSE {member.folder}/"
