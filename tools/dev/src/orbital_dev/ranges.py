"""The ranges that members write on each other. In a workspace uv takes any sibling and checks none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orbital_dev.workspace import Member


def broken_ranges(members: Sequence[Member]) -> Iterator[str]:
    """A sentence for each range that the sibling's version in this tree does not satisfy."""
    siblings = {member.name: member for member in members}
    for member in members:
        for requirement in member.requirements():
            sibling = siblings.get(canonicalize_name(requirement.name))
            if sibling and not requirement.specifier.contains(sibling.version, prereleases=True):
                yield (
                    f"{member.name} wants {requirement}, but {sibling.name} is {sibling.version} here;"
                    f" change one of {member.folder}/pyproject.toml and {sibling.folder}/pyproject.toml"
                )
