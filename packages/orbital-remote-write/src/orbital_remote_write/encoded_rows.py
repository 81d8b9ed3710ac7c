"""The labels of rows as bytes: computed once, however many layouts have a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from orbital_remote_write.labels import render
from orbital_remote_write.wire import SAMPLE_HEAD, label, opening

if TYPE_CHECKING:
    from orbital_remote_write.labels import LabelRules, Pairs
    from orbital_sdk import Layout, Origin, Row


class EncodedRow(NamedTuple):
    """A row on the wire."""

    origin: Origin
    """What its labels tell of."""
    size: int
    """Bytes of its labels."""
    head: bytes
    """All that stands before its value, when it has one sample."""


class EncodedRows:
    """Rows under one set of label rules, as long as somebody has them.

    Args:
        rules: Which labels are added.
    """

    def __init__(self, rules: LabelRules) -> None:
        self._rules = rules
        self._known: WeakKeyDictionary[Row, EncodedRow] = WeakKeyDictionary()

    def of(self, layout: Layout) -> list[EncodedRow]:
        """The rows of a layout."""
        origin, rules, pieces = layout.origin, self._rules, dict[tuple[str, str], bytes]()
        target, added = rules.target(origin), rules.added(origin)
        rows: list[EncodedRow] = []
        for row in layout.rows:
            known = self._known.get(row)
            if known is None or known.origin is not origin:
                labels = _encode(render(row, target, added), pieces)
                head = opening(len(labels), 1) + labels + SAMPLE_HEAD
                known = self._known[row] = EncodedRow(origin, len(labels), head)
            rows.append(known)
        return rows


def _encode(pairs: Pairs, pieces: dict[tuple[str, str], bytes]) -> bytes:
    """The labels of a series; pairs that come again are encoded once."""
    for pair in pairs:
        if pair not in pieces:
            pieces[pair] = label(*pair)
    return b"".join([pieces[pair] for pair in pairs])
