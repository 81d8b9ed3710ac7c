"""Parses YAML into a tree with line numbers. Size is bounded, duplicate keys and tags are refused.

Scalars follow YAML 1.2's core schema, with one more rule: a number is only a number if it would be written
the same way. `yes`, `22:30`, `007` and `1.10` are text, which models convert where they expect a number or
a switch.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

import yaml

from orbital_runtime.settings.source.references import expand, secrets_of
from orbital_runtime.settings.source.tree import Node, Scalar
from orbital_sdk.problems import Loc, Problem, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_BYTES: Final = 32 << 20
MAX_DEPTH: Final = 40
MAX_VALUES: Final = 4_000_000

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS: Final[dict[str, Scalar]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_NUMBER: Final = re.compile(r"-?\d{1,18}(\.\d{1,17})?")
_PLAIN_TAGS: Final = {
    f"tag:yaml.org,2002:{t}" for t in ("int", "float", "bool", "null", "map", "seq")
}


def parse(text: str, file: str, environ: Mapping[str, str], problems: list[Problem]) -> Node | None:
    """Parse one document, and replace `${NAME}`. An empty one is a node without a value, an invalid one None.

    Args:
        text: The document.
        file: Its name in problems.
        environ: For `${NAME}`.
        problems: Problems are added to it.
    """
    try:
        return _Composer(text, file, environ, problems).document() or Node(None, file, 1)
    except _Refused as refusal:
        problems.append(refusal.problem)
    except yaml.YAMLError as error:
        problems.append(unreadable(error, text, file))
    return None


def scalar(text: str) -> Scalar:
    """The value of an unquoted scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.fullmatch(text):
        number = float(text) if "." in text else int(text)
        return number if str(number) == text else text
    return text


class _Refused(Exception):  # noqa: N818 (reads as what happened)
    def __init__(self, message: str, file: str, line: int) -> None:
        self.problem = Problem(message, file=file, line=line)


class _Composer:
    """Makes nodes of the parser's events."""

    def __init__(
        self, text: str, file: str, environ: Mapping[str, str], problems: list[Problem]
    ) -> None:
        self._events = cast("Iterator[yaml.Event]", yaml.parse(text, Loader=_LOADER))  # pyright: ignore[reportUnknownMemberType] (the stubs leave it open)
        self._file = file
        self._environ = environ
        self._problems = problems
        self._anchors: dict[str, Node] = {}

    def document(self) -> Node | None:
        root: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent | yaml.DocumentEndEvent):
                continue
            if isinstance(event, yaml.NodeEvent):
                if root is not None:
                    raise self._refused("a second document begins here; one file holds one", event)
                root = self._node(event, ())
        return root

    def _node(self, event: yaml.Event, loc: Loc) -> Node:
        if len(loc) > MAX_DEPTH:
            raise self._refused(f"nested deeper than {MAX_DEPTH} levels", event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        node = Node(None, self._file, _line(event))
        if isinstance(event, yaml.MappingStartEvent):
            node.value = self._mapping(node, loc)
        elif isinstance(event, yaml.SequenceStartEvent):
            node.value = self._sequence(node, loc)
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event, node, loc)
        if node.weight > MAX_VALUES:
            raise self._refused(f"holds more than {MAX_VALUES:,} values", event)
        self._remember(event, node)
        return node

    def _alias(self, event: yaml.AliasEvent) -> Node:
        if event.anchor not in self._anchors:
            raise self._refused(f"*{event.anchor} refers to nothing that stands before it", event)
        return self._anchors[event.anchor]

    def _remember(self, event: yaml.Event, node: Node) -> None:
        tag, anchor = getattr(event, "tag", None), getattr(event, "anchor", None)
        if tag not in (None, "!", "tag:yaml.org,2002:str") and tag not in _PLAIN_TAGS:
            raise self._refused(f"the tag {tag} means nothing here", event)
        if anchor is not None:
            self._anchors[anchor] = node

    def _mapping(self, node: Node, loc: Loc) -> dict[str, Node]:
        found: dict[str, Node] = {}
        merged: list[Node] = []
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            if not isinstance(event, yaml.ScalarEvent):
                raise self._refused("a key must be plain text", event)
            key = event.value
            child = self._node(next(self._events), (*loc, key))
            node.weight += child.weight
            if child.line != _line(event):  # a section stands where its key does
                child = replace(child, line=_line(event))
            if key == "<<" and event.implicit[0]:
                merged.append(child)
            elif key in found:
                self._twice(event, (*loc, key), found[key])
            else:
                found[key] = child
        for source in merged:
            self._merge(source, found)
        return found

    def _twice(self, event: yaml.ScalarEvent, loc: Loc, first: Node) -> None:
        message = f"stands here a second time, after line {first.line}; keep one of the two"
        self._problems.append(Problem(message, loc, file=self._file, line=_line(event)))

    def _merge(self, source: Node, into: dict[str, Node]) -> None:
        """`<<: *defaults`: add keys that are not there (yaml.org/type/merge.html)."""
        if isinstance(source.value, list):
            for item in source.value:
                self._merge(item, into)
        elif isinstance(source.value, dict):
            for key, child in source.value.items():
                into.setdefault(key, child)
        else:
            message = "<< merges a section; give it one, as in <<: *defaults"
            raise _Refused(message, self._file, source.line)

    def _sequence(self, node: Node, loc: Loc) -> list[Node]:
        found: list[Node] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            child = self._node(event, (*loc, len(found)))
            node.weight += child.weight
            found.append(child)
        return found

    def _scalar(self, event: yaml.ScalarEvent, node: Node, loc: Loc) -> None:
        text: str = event.value
        if "${" not in text:
            node.value = scalar(text) if event.implicit[0] or event.tag in _PLAIN_TAGS else text
            return
        if references := secrets_of(text):  # providers are asked when all are known
            node.value, node.references = text, references
            return
        expanded = expand(text, self._environ)
        node.value, node.literal = expanded.text, expanded.literal
        for message in expanded.problems:
            self._problems.append(Problem(message, loc, file=node.file, line=node.line))

    def _refused(self, message: str, event: yaml.Event) -> _Refused:
        return _Refused(message, self._file, _line(event))


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1
