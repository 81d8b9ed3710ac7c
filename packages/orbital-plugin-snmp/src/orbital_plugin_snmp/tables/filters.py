"""Which rows of a table are kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orbital_plugin_snmp.tables.texts import Raw, number, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_plugin_snmp.tables.plan import FilterPlan
    from orbital_plugin_snmp.wire.smi import VarBind


class Sieve:
    """All filters of a table. A row that a filter's column does not have is not kept."""

    def __init__(self, plans: Sequence[FilterPlan]) -> None:
        self._labels = [(plan, _pattern(plan)) for plan in plans if plan.label is not None]
        self._columns = {plan.oid: (plan, _pattern(plan)) for plan in plans if plan.oid is not None}
        self._seen: dict[bytes, list[VarBind]] = {}
        self._passing: dict[bytes, dict[bytes, bool]] = {}

    def note(self, oid: bytes, found: list[VarBind]) -> set[bytes]:
        """Take in a column of this poll. The indexes of rows that begin or end to be kept by it."""
        if oid not in self._columns or self._seen.get(oid) == found:
            return set()
        self._seen[oid] = found
        plan, pattern = self._columns[oid]
        size = len(oid)
        now = {o[size:]: _agrees(plan, pattern, value, tag) for o, tag, value in found}
        before = self._passing.get(oid, {})
        self._passing[oid] = now
        indexes = now.keys() | before.keys()
        return {index for index in indexes if now.get(index, False) != before.get(index, False)}

    def keeps(self, index: bytes, labels: Sequence[str]) -> bool:
        """Whether all filters agree to a row."""
        return all(
            passing.get(index, False)
            for passing in (self._passing.get(oid, {}) for oid in self._columns)
        ) and all(
            _matches(plan, pattern, (labels[plan.label or 0],)) for plan, pattern in self._labels
        )


def _pattern(plan: FilterPlan) -> re.Pattern[str] | None:
    return None if plan.rule.matches is None else re.compile(plan.rule.matches)


def _agrees(plan: FilterPlan, pattern: re.Pattern[str] | None, value: Raw, tag: int) -> bool:
    """A number is known by its enum's name as well as by itself."""
    named = text_of(value, tag, "DisplayString", plan.enum)
    plain = number(value) if isinstance(value, int | float) else named
    return _matches(plan, pattern, (named, plain))


def _matches(plan: FilterPlan, pattern: re.Pattern[str] | None, texts: tuple[str, ...]) -> bool:
    if pattern is not None:
        hit = any(pattern.fullmatch(text) for text in texts)
    else:
        hit = any(text in plan.rule.equals for text in texts)
    return hit is not plan.rule.invert
