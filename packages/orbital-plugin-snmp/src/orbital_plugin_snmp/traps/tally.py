"""What has arrived since the start, as series."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.tables.convert import plain_number
from orbital_plugin_snmp.tables.texts import text_of
from orbital_plugin_snmp.traps.metrics import TrapMetrics
from orbital_sdk import Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from orbital_plugin_snmp.traps.notification import Notification
    from orbital_plugin_snmp.traps.rules import TrapFilter, TrapLabel, TrapRule
    from orbital_plugin_snmp.wire.smi import VarBind
    from orbital_sdk import Series


class Compiled(NamedTuple):
    """A rule, ready to be applied."""

    rule: TrapRule
    metric: Metric
    below: str
    """The trap's OID, or what all of them begin with."""
    is_exact: bool
    filters: tuple[tuple[bytes, TrapFilter], ...]
    labels: tuple[tuple[bytes, TrapLabel], ...]
    value: bytes | None


def compile_rules(rules: Iterable[TrapRule]) -> tuple[Compiled, ...]:
    """Rules with their metrics; those that make the same metric share it."""
    metrics: dict[str, Metric] = {}
    return tuple(_compiled(rule, metrics) for rule in rules)


def _compiled(rule: TrapRule, metrics: dict[str, Metric]) -> Compiled:
    metric = metrics.get(rule.metric)
    if metric is None:
        about = rule.help or f"From notifications {rule.trap}"
        metric = Metric(rule.metric, about, kind=rule.type, labels=rule.names)
        metrics[rule.metric] = metric
    trap = rule.trap.removeprefix(".")
    return Compiled(
        rule,
        metric,
        trap.removesuffix("*"),
        not trap.endswith("*"),
        tuple((oids.encode(one.varbind), one) for one in rule.where),
        tuple((oids.encode(one.varbind), one) for one in rule.labels),
        oids.encode(rule.varbind) if rule.varbind else None,
    )


class Tally:
    """Counters and gauges of one plugin instance.

    Args:
        rules: What becomes of notifications, beside being counted.
        most: Series that may exist at once; further ones are not made.
        drop: Told the reason when something could not be kept.
    """

    def __init__(self, rules: Sequence[Compiled], most: int, drop: Callable[[str], None]) -> None:
        self._rules = rules
        self._most = most
        self._drop = drop
        self._sources: dict[str, dict[Series, float]] = {}
        self._size = 0

    def add(self, source: str, notification: Notification) -> list[tuple[Series, float]]:
        """Count a notification of a device. Gives what it changed."""
        received = TrapMetrics.received.series(source, notification.trap)
        fitting = [compiled for compiled in self._rules if _fits(compiled, notification)]
        changed = [self._changed(source, received, 1.0, add=True)]
        changed += [self._applied(rule, source, notification.varbinds) for rule in fitting]
        return [change for change in changed if change is not None]

    def samples(self, source: str | None) -> Iterator[tuple[Series, float]]:
        """All series, or those of one source."""
        if source is not None:
            yield from self._sources.get(source, {}).items()
            return
        for series in self._sources.values():
            yield from series.items()

    def _applied(
        self, compiled: Compiled, source: str, varbinds: list[VarBind]
    ) -> tuple[Series, float] | None:
        rule = compiled.rule
        number = _number(compiled, varbinds)
        if number is None or (rule.type == "counter" and number < 0):
            self._drop("value")
            return None
        labels = [_text(oid, label, varbinds) for oid, label in compiled.labels]
        series = compiled.metric.series(source, *labels)
        return self._changed(source, series, number, add=rule.type == "counter")

    def _changed(
        self, source: str, series: Series, number: float, *, add: bool
    ) -> tuple[Series, float] | None:
        of_source = self._sources.get(source, {})
        if series not in of_source:
            if self._size >= self._most:
                self._drop("series")
                return None
            self._size += 1
            self._sources[source] = of_source
        now = of_source[series] = of_source.get(series, 0.0) + number if add else number
        return series, now


def _fits(compiled: Compiled, notification: Notification) -> bool:
    trap = notification.trap
    if trap != compiled.below if compiled.is_exact else not trap.startswith(compiled.below):
        return False
    return all(_agrees(oid, rule, notification.varbinds) for oid, rule in compiled.filters)


def _agrees(oid: bytes, rule: TrapFilter, varbinds: list[VarBind]) -> bool:
    found = _find(oid, varbinds)
    if found is None:
        return False
    text = text_of(found[2], found[1], "DisplayString")
    if rule.matches is not None:
        return re.fullmatch(rule.matches, text) is not None
    return text in rule.equals


def _find(oid: bytes, varbinds: list[VarBind]) -> VarBind | None:
    """The first varbind of an object; BER keeps whole sub-identifiers apart."""
    return next((one for one in varbinds if one[0].startswith(oid)), None)


def _text(oid: bytes, label: TrapLabel, varbinds: list[VarBind]) -> str:
    found = _find(oid, varbinds)
    if found is None:
        return ""
    if not label.index:
        return text_of(found[2], found[1], label.type, label.enum, label.hint)
    try:
        return oids.dotted(oids.decode_parts(found[0][len(oid) :]))
    except ValueError:
        return ""


def _number(compiled: Compiled, varbinds: list[VarBind]) -> float | None:
    rule = compiled.rule
    if compiled.value is None:
        return float(rule.value)
    found = _find(compiled.value, varbinds)
    number = None if found is None else plain_number(found[2])
    if number is None or not math.isfinite(number):
        return None
    return number * rule.scale
