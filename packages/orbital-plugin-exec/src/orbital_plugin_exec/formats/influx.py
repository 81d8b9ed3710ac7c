r"""InfluxDB's line protocol: `measurement,tag=a field=1i,other="text" 1700000000000000000`.

A field becomes the metric `measurement_field`, or `measurement` where the field is called `value`, as in
Telegraf's outputs for Prometheus. Times are nanoseconds.

Source: https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from orbital_plugin_exec.formats.families import kind_of
from orbital_plugin_exec.formats.reading import MALFORMED, NAME, TEXT, VALUE, shown
from orbital_sdk import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orbital_plugin_exec.formats.families import Families
    from orbital_plugin_exec.formats.reading import Reading
    from orbital_sdk import Series

REMEMBERED: Final = 100_000
"""Series kept by the text before their value."""
_HEAD: Final = r"(?:\\.|[^\\\s])+"
_FIELD: Final = r'(?:\\.|[^\\=,\s])+=(?:"(?:\\.|[^"\\])*"|[^",\s]+)'
_LINE: Final = re.compile(rf"({_HEAD})[ \t]+({_FIELD}(?:,{_FIELD})*)(?:[ \t]+(-?[0-9]+))?[ \t]*")
_ONE: Final = re.compile(r'((?:\\.|[^\\=,\s])+)=("(?:\\.|[^"\\])*"|[^",\s]+)')
_PART: Final = re.compile(r"((?:\\.|[^\\,=])+)(?:=((?:\\.|[^\\,=])*))?(?:,|$)")
_ESCAPED: Final = re.compile(r"\\([,= ])")
_NUMBER: Final = re.compile(r"[-+]?(?:[0-9]+[iu]|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)")
_BOOLEANS: Final = {
    **dict.fromkeys(("t", "T", "true", "True", "TRUE"), 1.0),
    **dict.fromkeys(("f", "F", "false", "False", "FALSE"), 0.0),
}


class Influx:
    """As `Format`.

    Args:
        families: Makes series.
    """

    def __init__(self, families: Families) -> None:
        self._families = families
        self._known: dict[tuple[str, str], Series] = {}

    def read(self, lines: Iterable[str], into: Reading) -> None:
        for text in lines:
            line = text.strip()
            if line and not line.startswith("#"):
                self._read(line, into)

    def _read(self, line: str, into: Reading) -> None:
        match = _LINE.fullmatch(line)
        if match is None:
            into.refuse(MALFORMED, f"not line protocol: {shown(line)}")
            return
        head, fields, time = match.groups()
        ts = None if time is None else int(time) // 1_000_000
        for name, text in _ONE.findall(fields):
            value = number(text)
            if value is None:
                reason = TEXT if text.startswith('"') else VALUE
                into.refuse(reason, "" if reason == TEXT else f"no number: {shown(line)}")
                continue
            series = self._known.get((head, name)) or self._find(head, name, into)
            if series is not None:
                into.samples.append(Sample(series, value, ts))

    def _find(self, head: str, field: str, into: Reading) -> Series | None:
        """Once a series."""
        parts = _parts(head)
        if parts is None:
            into.refuse(MALFORMED, f"not line protocol: {shown(head)}")
            return None
        measurement, tags = parts
        key = _unescaped(field)
        name = measurement if key == "value" else f"{measurement}_{key}"
        try:
            series = self._families.series(name, tags, kind_of(name))
        except (TypeError, ValueError) as error:
            into.refuse(NAME, str(error))
            return None
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[head, field] = series
        return series


def number(text: str) -> float | None:
    """A number or boolean of the line protocol; None where it is a text, or nothing at all."""
    if _NUMBER.fullmatch(text):
        return float(text.rstrip("iu"))
    return _BOOLEANS.get(text)


def _parts(head: str) -> tuple[str, dict[str, str]] | None:
    """Measurement and tags."""
    found: list[tuple[str, str | None]] = []
    end = 0
    for match in _PART.finditer(head):
        if match.start() != end:
            return None
        end = match.end()
        found.append((_unescaped(match[1]), None if match[2] is None else _unescaped(match[2])))
    (measurement, more), *tags = found or [("", "")]
    if end != len(head) or more is not None or any(value is None for _, value in tags):
        return None
    return measurement, {name: value for name, value in tags if value}


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text
