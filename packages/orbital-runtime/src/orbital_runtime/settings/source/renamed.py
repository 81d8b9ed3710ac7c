"""Renames keys of older files.

This is done in a configuration that is read (`Node`), and in a file that `sentinel config convert` rewrites
with its comments; `Kind` adapts to the two kinds of trees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from orbital_runtime.settings.source.tree import Node
from orbital_sdk.problems import Loc, dotted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence

    from orbital_runtime.settings.model.addition import Addition

T = TypeVar("T")

_DIRECT: Final = ("sender", "direct")
_LOGINS: Final = tuple((*_DIRECT, output) for output in ("prometheus", "victoria_metrics"))
RENAMED: Final[dict[Loc, Loc]] = {
    ("sender", "flush_interval"): ("buffer", "flush_interval"),
    **{
        (*output, key): (*output, "basic_auth", key)
        for output in _LOGINS
        for key in ("username", "password")
    },
    (*_DIRECT, "clickhouse", "table_name"): (*_DIRECT, "clickhouse", "table"),
}
"""Old key -> new key."""
CONVERT: Final = "`sentinel config convert` writes the new form"


def all_renamed(added: Sequence[Addition]) -> dict[Loc, Loc]:
    """All renamed keys, with those of extensions: old -> new."""
    found = dict(RENAMED)
    for one in added:
        found.update(one.renamed)
    return found


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """Access to a kind of tree."""

    inside: Callable[[T], MutableMapping[str, T] | None]
    """The keys of a section; None if it is none."""
    value: Callable[[T], Any]
    """The scalar value."""
    make: Callable[[Any, T], T]
    """A new section (`{}`) or value that replaces this one."""


NODES: Final[Kind[Node]] = Kind(
    inside=lambda node: node.value if isinstance(node.value, dict) else None,
    value=lambda node: node.value,
    make=lambda value, like: Node(value, like.file, like.line),
)


def renew(root: T, kind: Kind[T], renamed: Mapping[Loc, Loc]) -> Iterator[tuple[str, str]]:
    """Rename the keys. Returns the old keys with messages.

    A key without a value is removed, as older versions did. If the new key exists, too, it is used.

    Args:
        root: The whole file; it is changed.
        kind: Access to it.
        renamed: Old -> new: `RENAMED`, and those of extensions.
    """
    logins: set[Loc] = set()
    for old, new in renamed.items():
        above = _find(root, old[:-1], kind)
        section = None if above is None else kind.inside(above)
        if section is None or old[-1] not in section:
            continue
        node = section.pop(str(old[-1]))
        yield dotted(old), f"{_move(root, node, new, kind)}; {CONVERT}"
        if new[-2] == "basic_auth":
            logins.add(new[:-2])
    for output in logins:
        _complete(root, output, kind)


def _find(root: T, way: Loc, kind: Kind[T]) -> T | None:
    node: T | None = root
    for part in way:
        section = None if node is None else kind.inside(node)
        node = None if section is None else section.get(str(part))
    return node


def _move(root: T, node: T, new: Loc, kind: Kind[T]) -> str:
    """Move a value. Returns a message."""
    if kind.value(node) in (None, ""):
        return f"is called {dotted(new)} now, and left out where it is empty"
    section = _made(root, new[:-1], node, kind)
    if section is None or new[-1] in section:
        return f"has no effect, since {dotted(new)} is set, too"
    section[str(new[-1])] = node
    return f"is called {dotted(new)} now"


def _made(root: T, way: Loc, like: T, kind: Kind[T]) -> MutableMapping[str, T] | None:
    """The section at this path, created if needed; None if there is something else."""
    section = kind.inside(root)
    for part in map(str, way):
        if section is None:
            return None
        if part not in section or kind.value(section[part]) is None:
            section[part] = kind.make({}, like)
        section = kind.inside(section[part])
    return section


def _complete(root: T, output: Loc, kind: Kind[T]) -> None:
    """Complete logins as older versions used them: no password without a user, and an empty one without."""
    above = _find(root, output, kind)
    section = None if above is None else kind.inside(above)
    login = None if section is None else section.get("basic_auth")
    keys = None if login is None else kind.inside(login)
    if section is None or login is None or keys is None or "password_file" in keys:
        return
    if "username" not in keys:
        if set(keys) == {"password"}:
            del section["basic_auth"]
    elif "password" not in keys:
        keys["password"] = kind.make("", login)
