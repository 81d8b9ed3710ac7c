"""The labels of a table's rows: index parts and looked-up columns. Worked out once a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.tables.index import Piece, WrongIndexError, cut
from orbital_plugin_snmp.tables.texts import (
    OBJECT_IDENTIFIER,
    Raw,
    clean,
    identifier,
    text_of,
    whole,
)

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping, Sequence

    from orbital_plugin_snmp.profiles.models import Label
    from orbital_plugin_snmp.tables.plan import TablePlan
    from orbital_plugin_snmp.wire.smi import VarBind


class Cell(NamedTuple):
    """What stands in a column at one index."""

    tag: int
    value: Raw


class Lookups:
    """The looked-up columns of a table, and the rows' labels made of them."""

    def __init__(self, plan: TablePlan, patterns: Mapping[str, re.Pattern[str]]) -> None:
        self._plan = plan
        self._patterns = patterns
        self._columns: dict[bytes, dict[bytes, Cell]] = {}
        self._rows: dict[bytes, tuple[str, ...] | None] = {}
        self.wrong = 0
        """Rows whose index is not of the form that the profile says."""

    def __len__(self) -> int:
        return len(self._rows)

    def fill(self, oid: bytes, found: Sequence[VarBind]) -> bool:
        """Take in a column as it was read. Whether it changed."""
        size = len(oid)
        cells = {o[size:]: Cell(tag, value) for o, tag, value in found}
        if self._columns.get(oid) == cells:
            return False
        self._columns[oid] = cells
        self.clear()
        return True

    def clear(self) -> None:
        """Forget the rows."""
        self._rows.clear()
        self.wrong = 0

    def has(self, index: bytes) -> bool:
        """Whether every column that is looked up by the whole index knows this row."""
        return all(
            index in self._columns.get(oid, ())
            for label, oid in zip(self._plan.labels, self._plan.label_oids, strict=True)
            if label.by is None
        )

    def labels(self, index: bytes) -> tuple[str, ...] | None:
        """Label values of a row, in the plan's order; None where its index makes no sense."""
        if index in self._rows:
            return self._rows[index]
        try:
            found = self._rows[index] = self._make(index)
        except WrongIndexError:
            self.wrong += 1
            found = self._rows[index] = None
        return found

    def _make(self, index: bytes) -> tuple[str, ...]:
        try:
            numbers = oids.decode_parts(index)
        except ValueError as error:
            raise WrongIndexError(str(error)) from error
        parts = self._plan.index
        pieces = cut(numbers, parts)
        known = {p.label or p.name: piece for p, piece in zip(parts, pieces, strict=True)}
        texts = [piece.text for p, piece in zip(parts, pieces, strict=True) if p.label]
        for label, oid in zip(self._plan.labels, self._plan.label_oids, strict=True):
            piece = self._look_up(label, oid, index, known)
            known[label.label] = piece
            texts.append(piece.text)
        return tuple(texts)

    def _look_up(self, label: Label, oid: bytes, index: bytes, known: Mapping[str, Piece]) -> Piece:
        key = index
        if label.by is not None:
            key = oids.encode_parts(part for name in label.by for part in known[name].parts)
        cell = self._columns.get(oid, {}).get(key)
        if cell is None:
            return Piece("", ())
        text = text_of(cell.value, cell.tag, label.type, label.enum, label.hint)
        pattern = self._patterns.get(label.label)
        if pattern is not None:
            match = pattern.search(text)
            text = clean((match[1] if pattern.groups else match[0]) or "") if match else ""
        return Piece(text, _parts(cell))


def _parts(cell: Cell) -> tuple[int, ...]:
    """A looked-up value as part of the next look-up's index (RFC 2578 7.7)."""
    value = cell.value
    if value is None:
        return ()
    if not isinstance(value, bytes):
        return (whole(value),) if 0 <= value <= oids.LARGEST else ()
    if cell.tag == OBJECT_IDENTIFIER:
        text = identifier(value)
        return tuple(map(int, text.split("."))) if text[:1].isdigit() and "." in text else ()
    return (len(value), *value)
