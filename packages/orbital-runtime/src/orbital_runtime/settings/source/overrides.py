"""Environment variables `SENTINEL_SECTION__KEY` override `section.key`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from orbital_runtime.settings.source.document import parse
from orbital_runtime.settings.source.tree import Node
from orbital_sdk.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

PREFIX: Final = "SENTINEL_"


def override(
    root: Node, environ: Mapping[str, str], problems: list[Problem], *, keys: Collection[str]
) -> None:
    """Apply the variables to the tree.

    Values are YAML: `[a, b]` is a list, `null` removes the key. Scalars are text, which models convert.
    Existing keys match regardless of case, `-` and `.`; items of a list by their number.

    Args:
        root: The tree of the file.
        environ: All variables.
        problems: Problems are added to it.
        keys: Top-level keys; other variables with the prefix are ignored.
    """
    for name, text in sorted(environ.items()):
        parts = name.removeprefix(PREFIX).lower().split("__")
        if not name.startswith(PREFIX) or not all(parts):
            continue
        if len(parts) > 1 or parts[0] in keys:
            _put(root, parts, _value(name, text, problems), problems)


def _value(name: str, text: str, problems: list[Problem]) -> Node:
    if text.lstrip()[:1] in ("[", "{") or text.strip() in ("null", "~"):
        document = parse(f"value: {text}", name, {}, problems)
        node = (document and document.child("value")) or Node(None, name, 0)
    else:
        node = Node(text, name, 0)
    for leaf in _all(node):
        leaf.line, leaf.literal = 0, False
    return node


def _all(node: Node) -> list[Node]:
    below = node.value
    children = (
        below.values() if isinstance(below, dict) else below if isinstance(below, list) else ()
    )
    return [node, *(deeper for child in children for deeper in _all(child))]


def _put(root: Node, parts: list[str], value: Node, problems: list[Problem]) -> None:
    node = root
    for index, part in enumerate(parts[:-1]):
        below = _step(node, part, value)
        if below is None:
            way = tuple(parts[: index + 1])
            problems.append(Problem("there is no such item to override", way, file=value.file))
            return
        node = below
    if isinstance(node.value, list):
        _put_item(node.value, parts, value, problems)
    elif isinstance(node.value, dict):
        node.value[_spelled(node.value, parts[-1])] = value
    else:
        message = "is not a section, so nothing in it can be overridden"
        problems.append(Problem(message, tuple(parts[:-1]), file=value.file))


def _put_item(items: list[Node], parts: list[str], value: Node, problems: list[Problem]) -> None:
    if parts[-1].isdecimal() and int(parts[-1]) < len(items):
        items[int(parts[-1])] = value
    else:
        message = f"there is no item {parts[-1]} to override"
        problems.append(Problem(message, tuple(parts[:-1]), file=value.file))


def _step(node: Node, part: str, value: Node) -> Node | None:
    """The section or list below, created if needed; a copy, so that aliases of it do not change."""
    if isinstance(node.value, list):
        index = int(part) if part.isdecimal() else len(node.value)
        if index < len(node.value):
            node.value[index] = _copy(node.value[index])
            return node.value[index]
        return None
    if not isinstance(node.value, dict):
        return None
    key = _spelled(node.value, part)
    node.value[key] = _copy(node.value.get(key) or Node(None, value.file, 0, literal=False))
    return node.value[key]


def _copy(node: Node) -> Node:
    if isinstance(node.value, dict):
        return replace(node, value=dict(node.value))
    if isinstance(node.value, list):
        return replace(node, value=list(node.value))
    return replace(node, value={}) if node.value is None else node


def _spelled(section: Mapping[str, Node], part: str) -> str:
    """The key as written in the file, since names of variables have neither case nor hyphens."""
    plain = part.replace("-", "_").replace(".", "_")
    for key in section:
        if key.lower().replace("-", "_").replace(".", "_") == plain:
            return key
    return part
