"""Numbers out of a JSON body, by rules."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Final

import msgspec

from orbital_plugin_http.budget import OverBudgetError
from orbital_plugin_http.failure import ProbeFailedError, Reason
from orbital_plugin_http.paths import KEY, ROOT, Path
from orbital_plugin_http.patterns import PatternTooSlowError
from orbital_plugin_http.readings import Readings
from orbital_sdk import Metric

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_plugin_http.value_rules import ValueRule
    from orbital_sdk import Series

    Label = Callable[[object], Callable[[object, str], str]]

LONGEST: Final = 500
"""Characters of a label's value; more is cut off."""


class Values:
    """The `values` of one plugin instance."""

    def __init__(self, rules: tuple[ValueRule, ...], limit: int) -> None:
        self._metrics: dict[str, Metric] = {}
        self._readers = [_Reader(rule, self._metric(rule)) for rule in rules]
        self._limit = limit

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return tuple(self._metrics.values())

    def read(self, body: bytes | bytearray) -> Readings:
        """All numbers that the rules find, in the rules' order.

        Raises:
            ProbeFailedError: The body is not JSON, or takes too long to read.
        """
        document, readings = _document(body), Readings()
        seen: set[Series] = set()
        for reader in self._readers:
            try:
                reader.read(document, readings, seen, self._limit)
            except (ValueError, PatternTooSlowError) as error:
                readings.miss(f"{reader.name}: {error}")
            except OverBudgetError as error:
                raise ProbeFailedError(Reason.BODY, f"{reader.name}: {error}") from error
        return readings

    def _metric(self, rule: ValueRule) -> Metric:
        known = self._metrics.get(rule.name)
        if known is None:
            known = self._metrics[rule.name] = Metric(
                rule.name, rule.help, kind=rule.kind, unit=rule.unit, labels=tuple(rule.labels)
            )
        return known


class _Reader:
    """One rule."""

    def __init__(self, rule: ValueRule, metric: Metric) -> None:
        self.name = rule.name
        self._rule = rule
        self._metric = metric
        self._path, self._value = Path(rule.path), Path(rule.value)
        self._labels = [_label(source) for source in rule.labels.values()]

    def read(self, document: object, readings: Readings, seen: set[Series], limit: int) -> None:
        there = False
        labels = [label(document) for label in self._labels]
        for item, key in self._path.items(document):
            there = True
            if len(readings.samples) + readings.missing >= limit:
                readings.miss(f"{self.name}: only the first {limit} values are taken (max_values)")
                return
            number = self._number(self._value.first(item))
            series = self._metric.series(*[label(item, key) for label in labels])
            if number is None:
                self._miss(readings, f"no number at {self._value.text} of {series!r}")
            elif series in seen:
                readings.miss(f"{series!r} appears twice; give it a label that tells them apart")
            else:
                seen.add(series)
                readings.samples.append(series(number))
        if not there:
            self._miss(readings, f"{self.name}: nothing at {self._rule.path}")

    def _miss(self, readings: Readings, what: str) -> None:
        if self._rule.required:
            readings.miss(what)

    def _number(self, found: object) -> float | None:
        if isinstance(found, str):
            mapped = self._rule.map.get(found)
            found = _parsed(found) if mapped is None else mapped
        if not isinstance(found, int | float):  # true and false are 1 and 0
            return None
        try:
            number = float(found) * self._rule.scale
        except OverflowError:
            return None
        return number if math.isfinite(number) else None


def _document(body: bytes | bytearray) -> object:
    """The JSON in `body`; NaN and Infinity, which JSON does not know and many programs write, included."""
    try:
        if b"NaN" in body or b"Infinity" in body:
            return json.loads(body)
        return msgspec.json.decode(body)
    except (ValueError, msgspec.DecodeError, RecursionError) as error:
        raise ProbeFailedError(Reason.BODY, f"the body is not JSON: {error}") from error


def _parsed(text: str) -> float | None:
    """A number written as text, as many devices do it."""
    if len(text) > 100:
        return None
    try:
        return float(text)
    except ValueError:
        return None


def _label(source: str) -> Label:
    """How a label gets its values: first told the document, then each item with its own key."""
    if source == KEY:
        return lambda _document: lambda _item, key: _text(key)
    if source.startswith(ROOT):
        above = Path("$" + source.removeprefix(ROOT))
        return lambda document: _always(_text(above.first(document)))
    if source.startswith("$"):
        inside = Path(source)
        return lambda _document: lambda item, _key: _text(inside.first(item))
    return lambda _document: _always(source)


def _always(text: str) -> Callable[[object, str], str]:
    return lambda _item, _key: text


def _text(found: object) -> str:
    if found is None:
        return ""
    if isinstance(found, str):
        return found[:LONGEST]
    return msgspec.json.encode(found).decode()[:LONGEST]
