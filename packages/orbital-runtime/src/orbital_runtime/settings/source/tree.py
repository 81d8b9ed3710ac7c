"""A configuration as a tree with the file and line of each value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orbital_runtime.settings.secrecy import is_secret_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orbital_runtime.secrets.reference import Reference
    from orbital_sdk.problems import Loc, Problem

Scalar = str | int | float | bool | None


@dataclass(slots=True, eq=False)
class Node:
    """A value with its file and line."""

    value: Scalar | dict[str, Node] | list[Node]
    file: str
    line: int
    """From 1; 0 for a value that came from an environment variable."""
    literal: bool = True
    """Whether it is written so in the file; False: it is from the environment or a provider of secrets."""
    weight: int = 1
    """Number of values in it, itself included; aliases count each time."""
    references: tuple[Reference, ...] = ()
    """Secrets that are to be put into its text."""

    def plain(self) -> object:
        """The value without file and line."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def child(self, part: str | int) -> Node | None:
        """The value of this key or index, if there is one."""
        if isinstance(self.value, dict):
            return self.value.get(str(part))
        if isinstance(self.value, list) and isinstance(part, int) and part < len(self.value):
            return self.value[part]
        return None

    def find(self, loc: Loc) -> Node | None:
        """The value at this path, if there is one."""
        node: Node | None = self
        for part in loc:
            node = node and node.child(part)
        return node

    def leaves(self, loc: Loc = ()) -> Iterator[tuple[Loc, Node]]:
        """All scalars with their paths."""
        if isinstance(self.value, dict):
            for key, child in self.value.items():
                yield from child.leaves((*loc, key))
        elif isinstance(self.value, list):
            for index, child in enumerate(self.value):
                yield from child.leaves((*loc, index))
        else:
            yield loc, self


def follow(root: Node, loc: Loc) -> tuple[Loc, Node]:
    """The part of a path that is in the tree, and the value there.

    Parts that validation adds (`[key]`, the branch of a union) are left out. Missing keys at the end are
    kept, since they are to be written.
    """
    node, way, missing = root, list[str | int](), list[str | int]()
    for part in loc:
        below = node.child(part)
        if below is not None:
            node, way, missing = below, [*way, part], []
        elif isinstance(node.value, dict) and part != "[key]":
            missing.append(part)
    return (*way, *missing), node


def place(problem: Problem, root: Node) -> Problem:
    """The problem with file and line, and without secrets in its message."""
    way, node = follow(root, problem.loc)
    message = problem.message
    for leaf_way, leaf in node.leaves(way):
        if isinstance(leaf.value, str) and len(leaf.value) >= 4 and _hidden(leaf_way, leaf):
            message = message.replace(leaf.value, "***")
    return replace(problem, loc=way, message=message, file=node.file, line=node.line)


def _hidden(way: Loc, leaf: Node) -> bool:
    return not leaf.literal or is_secret_key(way)
