"""A JSON object a line: `{"name": "queue_length", "value": 3, "labels": {"queue": "in"}}`.

`fields` in place of `value` gives several samples, as Telegraf's JSON has them: `{"name": "disk", "tags":
{"path": "/"}, "fields": {"free": 1, "used": 2}, "timestamp": 1700000000}`. `timestamp` is in seconds, `ts` in
milliseconds. A line may also be a list of objects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from orbital_plugin_exec.formats.families import kind_of
from orbital_plugin_exec.formats.reading import MALFORMED, NAME, TEXT, VALUE, shown
from orbital_sdk import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from orbital_plugin_exec.formats.families import Families
    from orbital_plugin_exec.formats.reading import Reading

Label = str | int | float | bool | None


class Line(msgspec.Struct):
    """One object."""

    name: str
    value: float | bool | str | None = None
    fields: dict[str, Any] = {}
    labels: dict[str, Label] = {}
    tags: dict[str, Label] = {}
    type: str = ""
    unit: str = ""
    help: str = ""
    timestamp: float | None = None
    ts: int | None = None

    @property
    def time(self) -> int | None:
        """Milliseconds UTC."""
        if self.ts is not None or self.timestamp is None:
            return self.ts
        return round(self.timestamp * 1000)

    def values(self) -> Iterator[tuple[str, Any]]:
        """Names of metrics and their values."""
        if self.value is not None:
            yield self.name, self.value
        for field, value in self.fields.items():
            yield self.name if field == "value" else f"{self.name}_{field}", value


_DECODER: Final[msgspec.json.Decoder[Line | list[Line]]] = msgspec.json.Decoder(Line | list[Line])


class JsonLines:
    """As `Format`.

    Args:
        families: Makes series.
    """

    def __init__(self, families: Families) -> None:
        self._families = families

    def read(self, lines: Iterable[str], into: Reading) -> None:
        for line in lines:
            if not line.strip():
                continue
            try:
                found = _DECODER.decode(line)
            except (msgspec.MsgspecError, RecursionError) as error:
                into.refuse(MALFORMED, f"no metric as JSON ({error}): {shown(line)}")
                continue
            for one in found if isinstance(found, list) else (found,):
                self._take(one, into)

    def _take(self, line: Line, into: Reading) -> None:
        labels = {key: _label(value) for key, value in (line.tags | line.labels).items()}
        for name, value in line.values():
            if not isinstance(value, int | float):
                reason = TEXT if isinstance(value, str) else VALUE
                into.refuse(reason, "" if reason == TEXT else f"{name}: no number")
                continue
            kind = "counter" if line.type == "counter" else "gauge" if line.type else kind_of(name)
            try:
                series = self._families.series(name, labels, kind, help=line.help, unit=line.unit)
                into.samples.append(Sample(series, float(value), line.time))
            except (TypeError, ValueError, OverflowError) as error:
                into.refuse(NAME, str(error))


def _label(value: Label) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
