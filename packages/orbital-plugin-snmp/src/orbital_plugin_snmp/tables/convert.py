"""What becomes of values that are not plain numbers: samples, each with a label or a number of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp.profiles.words import MOMENTS
from orbital_plugin_snmp.tables.texts import Raw, clean, display, is_set, number, text_of, whole
from orbital_plugin_snmp.tables.times import date_and_time, ntp, parsed

if TYPE_CHECKING:
    from orbital_plugin_snmp.profiles.models import Extract, Value
    from orbital_plugin_snmp.tables.families import Families
    from orbital_sdk import Metric, Series

Values = list[tuple["Series", float]]
Converter = Callable[[Raw, int, tuple[str, ...]], Values]
"""Value, BER tag and the row's labels -> what is told. Nothing, where the value makes no sense."""

_GROUP: Final = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def converter(value: Value, labels: tuple[str, ...], families: Families) -> Converter:
    """The converter of a value in a table with these labels."""
    if value.extract:
        return _extracts(value, labels, families)
    metric = families.of(value, labels)
    if value.type in MOMENTS:
        return _moment(value, metric)
    if value.type == "EnumAsStateSet":
        return _state_set(value, metric)
    if value.type == "Bits":
        return _bits(value, metric)
    return _text(value, metric)


def plain_number(raw: Raw) -> float | None:
    """A number, also one that a device sends as text or as decimal REAL in Opaque; None for all else."""
    if not isinstance(raw, bytes):
        return raw
    digits = raw[3:] if raw[:1] == b"\t" and raw[1:2] == bytes((len(raw) - 2,)) else raw
    try:  # a REAL: tag 9, length, form (X.690 8.5.8), digits
        return float(digits[:64].decode("ascii"))
    except ValueError:
        return None


def _text(value: Value, metric: Metric) -> Converter:
    """A text, or the name of an enum's number, as a label of a sample that is 1."""
    place = metric.labels.index(value.name)
    kind = "DisplayString" if value.type == "EnumAsInfo" else value.type

    def convert(raw: Raw, tag: int, labels: tuple[str, ...]) -> Values:
        text = text_of(raw, tag, kind, value.enum, value.hint)  # pyright: ignore[reportArgumentType] (numbers went another road)
        return [(metric.series(*_with(labels, place, text)), 1.0)]

    return convert


def _with(labels: tuple[str, ...], place: int, text: str) -> tuple[str, ...]:
    """The labels with one more at the end, or in the place of one that has the same name."""
    return (*labels[:place], text, *labels[place + 1 :])


def _state_set(value: Value, metric: Metric) -> Converter:
    """One sample a state: 1 for the one that is, 0 for the others. An unknown one is added by its number."""
    place = metric.labels.index(value.name)

    def convert(raw: Raw, _tag: int, labels: tuple[str, ...]) -> Values:
        if isinstance(raw, bytes) or raw is None:
            return []
        current = value.enum.get(whole(raw), number(raw))
        names = dict.fromkeys([*value.enum.values(), current])
        return [(metric.series(*_with(labels, place, n)), float(n == current)) for n in names]

    return convert


def _bits(value: Value, metric: Metric) -> Converter:
    """One sample a bit: 1 where it is set, else 0."""
    place = metric.labels.index(value.name)

    def convert(raw: Raw, _tag: int, labels: tuple[str, ...]) -> Values:
        if not isinstance(raw, bytes):
            return []
        return [
            (metric.series(*_with(labels, place, name)), float(is_set(raw, bit)))
            for bit, name in value.enum.items()
        ]

    return convert


def _moment(value: Value, metric: Metric) -> Converter:
    def read(raw: bytes) -> float | None:
        if value.type == "NTPTimeStamp":
            return ntp(raw)
        if value.type == "DateAndTime":
            return date_and_time(raw)
        return parsed(display(raw), value.format)

    def convert(raw: Raw, _tag: int, labels: tuple[str, ...]) -> Values:
        seconds = read(raw) if isinstance(raw, bytes) else None
        return [] if seconds is None else [(metric.series(*labels), seconds)]

    return convert


def _extracts(value: Value, labels: tuple[str, ...], families: Families) -> Converter:
    """Numbers out of a text: of extracts with the same suffix the first that matches."""
    rules = [
        (families.extracted(value, one, labels), re.compile(one.regex), one)
        for one in value.extract
    ]

    def convert(raw: Raw, tag: int, labels: tuple[str, ...]) -> Values:
        text = clean(display(raw)) if isinstance(raw, bytes) else text_of(raw, tag, "gauge")
        told: dict[Metric, float] = {}
        for metric, pattern, rule in rules:
            number = None if metric in told else _number(pattern.fullmatch(text), rule)
            if number is not None:
                told[metric] = number * value.scale + value.offset
        return [(metric.series(*labels), number) for metric, number in told.items()]

    return convert


def _number(match: re.Match[str] | None, rule: Extract) -> float | None:
    if match is None:
        return None

    def group(name: re.Match[str]) -> str:
        key = name[1] or name[2]
        try:
            return match[int(key) if key.isdigit() else key] or ""
        except IndexError:
            return ""

    try:
        return float(_GROUP.sub(group, rule.value))
    except ValueError:
        return None
