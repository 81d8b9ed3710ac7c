"""What a package index has of a name: which versions, and whether they are this project's.

Source: https://docs.pypi.org/api/json/
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orbital_dev.workspace import Member

PYPI = "https://pypi.org"
TIMEOUT = 15.0
"""Seconds for one answer."""


class IndexUnreachable(LookupError):  # noqa: N818 (reads as what happened)
    """The index gave no usable answer."""


class NameTaken(LookupError):  # noqa: N818 (reads as what happened)
    """The index gives a name of ours to somebody else."""


def unpublished(members: Sequence[Member], repository: str, index: str = PYPI) -> Iterator[Member]:
    """Published members whose version the index has not, each after those that it depends on.

    Args:
        members: Of the workspace.
        repository: Address of this project's repository; what the index has is ours if it names this address.
        index: Its address, with PyPI's JSON API.

    Raises:
        IndexUnreachable: Nothing is published then.
        NameTaken: The name is somebody else's there.
    """
    for member in in_order([member for member in members if member.published]):
        known = _project(index, member.name)
        if known is None:
            yield member
            continue
        if not _is_ours(known["info"], repository):
            raise NameTaken(
                f"{index} gives the name {member.name} to another project ({_describe(known['info'])});"
                f" nothing is published before this name is ours there, or the package has another one"
            )
        if member.version not in known["releases"]:
            yield member


def in_order(members: Sequence[Member]) -> Iterator[Member]:
    """Members, each after those that it depends on.

    Raises:
        LookupError: They depend on each other.
    """
    named = {member.name: member for member in members}
    graph = {name: named[name].dependencies & named.keys() for name in sorted(named)}
    try:
        yield from (named[name] for name in TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise LookupError(f"packages depend on each other: {' -> '.join(error.args[1])}") from None


def _project(index: str, name: str) -> dict[str, Any] | None:
    """What the index tells of a name; None where it is free."""
    address = f"{index.rstrip('/')}/pypi/{name}/json"
    try:
        answer = requests.get(address, timeout=TIMEOUT)
        if answer.status_code == requests.codes.not_found:
            return None
        answer.raise_for_status()
        return answer.json()
    except requests.RequestException as error:
        raise IndexUnreachable(f"{address} cannot be read ({error}); try again later") from None


def _is_ours(info: dict[str, Any], repository: str) -> bool:
    ours = _place(repository)
    named: list[str] = [*(info.get("project_urls") or {}).values(), info.get("home_page") or ""]
    return any(f"{_place(address)}/".startswith(f"{ours}/") for address in named if address)


def _place(address: str) -> str:
    """Host and path, by which two spellings of an address are compared."""
    parts = urlsplit(address)
    return f"{parts.netloc}{parts.path}".lower().rstrip("/").removesuffix(".git")


def _describe(info: dict[str, Any]) -> str:
    who = info.get("author") or info.get("author_email") or "no author"
    return f"version {info.get('version')}, by {who}"
