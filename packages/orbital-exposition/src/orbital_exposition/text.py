"""Pieces of a line: names, labels, quoted text and numbers.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details
"""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING, Final

from orbital_exposition.errors import MalformedLineError
from orbital_sdk.metric import LABEL_NAME, METRIC_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME: Final = "__name__"
SHOWN: Final = 100
"""Characters of a line in a message."""
_QUOTED: Final = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_LABEL: Final = re.compile(
    rf"\s*({_QUOTED}|{LABEL_NAME.pattern})\s*(?:=\s*({_QUOTED})\s*)?(?:,\s*|\Z)"
)
_COMMENT: Final = re.compile(rf"#\s+(HELP|TYPE)(?:\s+({_QUOTED}|\S+))?(?:\s+(.*))?")
_ESCAPED: Final = re.compile(r'\\([\\n"])')
_ESCAPED_HELP: Final = re.compile(r"\\([\\n])")


def series_of(text: str) -> tuple[str, dict[str, str]]:
    """Name and labels of `name{label="value",...}`; the name may also stand in quotes inside of the braces.

    Raises:
        MalformedLineError
    """
    name, brace, inside = text.partition("{")
    name = name.rstrip()
    if brace and not inside.endswith("}"):
        raise MalformedLineError(f"no end of the labels: {shown(text)}")
    if name and not METRIC_NAME.fullmatch(name):
        raise MalformedLineError(f"no name of a metric: {shown(text)}")
    labels = _labels(inside[:-1])
    quoted = labels.pop(NAME, "")
    if bool(name) == bool(quoted):
        raise MalformedLineError(f"{'two names' if name else 'no name'}: {shown(text)}")
    return name or quoted, labels


def numbers(fields: Sequence[str]) -> tuple[float, int | None]:
    """A value and, if it has one, its time in milliseconds.

    Raises:
        MalformedLineError
    """
    if len(fields) not in {1, 2}:
        raise MalformedLineError("a line has a name, a value and at most a time")
    value = _number(fields[0])
    if len(fields) == 1:
        return value, None
    time = _number(fields[1])
    if not isfinite(time):
        raise MalformedLineError(f"no time: {shown(fields[1])}")
    return value, round(time)


def comment(text: str) -> tuple[str, str, str] | None:
    """`HELP` or `TYPE`, the family's name, and what is said of it; None for any other comment.

    Raises:
        MalformedLineError
    """
    match = _COMMENT.fullmatch(text)
    if match is None:
        return None
    what, name, rest = match.groups("")
    if not (METRIC_NAME.fullmatch(name) or name.startswith('"')):
        raise MalformedLineError(f"no name of a metric: {shown(text)}")
    said = _ESCAPED_HELP.sub(_unescape, rest) if "\\" in rest else rest
    return what, _unquoted(name), said


def shown(text: str) -> str:
    """A line for a message."""
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")


def _labels(text: str) -> dict[str, str]:
    """Labels by name; a quoted name without a value is the metric's."""
    found: dict[str, str] = {}
    text, at = text.strip(), 0
    while at < len(text):
        match = _LABEL.match(text, at)
        if match is None:
            raise MalformedLineError(f"no label: {shown(text[at:])}")
        at = match.end()
        key, value = match[1], match[2]
        if value is None:
            key, value = NAME, key
        key = _unquoted(key)
        if key in found:
            raise MalformedLineError(f"the label {shown(key)} appears twice")
        if value[0] != '"' or (key.startswith("__") and key != NAME):
            raise MalformedLineError(f"no label: {shown(text)}")
        found[key] = _unquoted(value)
    return found


def _unquoted(text: str) -> str:
    if text[:1] == '"':
        text = text[1:-1]
    return _ESCAPED.sub(_unescape, text) if "\\" in text else text


def _unescape(match: re.Match[str]) -> str:
    return "\n" if match[1] == "n" else match[1]


def _number(text: str) -> float:
    """As Python reads it, without what Prometheus does not take."""
    try:
        if "_" not in text and text.isascii():
            return float(text)
    except ValueError:
        pass
    raise MalformedLineError(f"no number: {shown(text)}")
