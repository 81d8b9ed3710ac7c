"""Which reads fetch a set of fields: as few as the device's limits and holes allow. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeVar

from orbital_plugin_modbus.tables import Read

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from orbital_plugin_modbus.tables import Table

BITS_A_REGISTER: Final = 16


class Span(Protocol):
    """What has to come in one read: a field."""

    @property
    def table(self) -> Table: ...
    @property
    def start(self) -> int: ...
    @property
    def stop(self) -> int: ...


S = TypeVar("S", bound=Span)


class Hole(NamedTuple):
    """Addresses of a table that no read may run across; of width 0, a border between two neighbours."""

    table: str
    start: int
    stop: int

    def parts(self, left: int, right: int) -> bool:
        """Whether it keeps what ends before `left` from being read with what starts at `right`."""
        if self.start == self.stop:
            return left <= self.start <= right
        return self.start < right and left < self.stop


class ReadLimits(NamedTuple):
    """What one read may be."""

    registers: int = 125
    bits: int = 2000
    bridge: int = 16
    """Unwanted registers between two fields that may be read along; for bits, sixteen times as many."""

    def most(self, table: Table) -> int:
        """Addresses of one read."""
        return self.bits if table.bits else self.registers

    def gap(self, table: Table) -> int:
        """Unwanted addresses in a row."""
        return self.bridge * BITS_A_REGISTER if table.bits else self.bridge


def plan(spans: Iterable[S], limits: ReadLimits, holes: Collection[Hole] = ()) -> list[list[S]]:
    """Spans grouped into reads, each group in order of address.

    Going up through a table and putting every span into the read before it as long as it fits gives the
    fewest reads that the limits allow.
    """
    ordered = sorted(spans, key=lambda span: (span.table.function, span.start, span.stop))
    groups: list[list[S]] = []
    stop = 0
    for span in ordered:
        if groups and _joins(groups[-1], stop, span, limits, holes):
            groups[-1].append(span)
            stop = max(stop, span.stop)
        else:
            groups.append([span])
            stop = span.stop
    return groups


def read_of(group: Sequence[Span]) -> Read:
    """The request that brings a group."""
    start = group[0].start
    return Read(group[0].table, start, max(span.stop for span in group) - start)


def _joins(
    group: Sequence[Span], stop: int, span: Span, limits: ReadLimits, holes: Collection[Hole]
) -> bool:
    table = span.table
    if group[0].table is not table or span.start - stop > limits.gap(table):
        return False
    if max(stop, span.stop) - group[0].start > limits.most(table):
        return False
    return span.start < stop or not any(
        hole.table == table.name and hole.parts(stop, span.start) for hole in holes
    )


def split(group: Sequence[S]) -> tuple[list[S], list[S]] | None:
    """Two parts of a group whose read was refused: at its widest gap, or else in its middle.

    Returns:
        None if it cannot be split: one span, or spans that overlap.
    """
    best: tuple[int, float, int] | None = None
    stop, middle = group[0].stop, len(group) / 2
    for index in range(1, len(group)):
        gap = group[index].start - stop
        if gap >= 0:
            candidate = (gap, -abs(index - middle), index)
            best = candidate if best is None else max(best, candidate)
        stop = max(stop, group[index].stop)
    return None if best is None else (list(group[: best[2]]), list(group[best[2] :]))
