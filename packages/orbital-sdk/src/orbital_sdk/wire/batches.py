"""What a writer gets, as it crosses: layouts, told once, and batches of these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import msgspec

from orbital_sdk.contract import batch as sdk
from orbital_sdk.wire.columns import Malformed, as_doubles, as_integers, doubles, integers
from orbital_sdk.wire.form import Form
from orbital_sdk.wire.limits import LAYOUTS, ROWS, Doubles, Milliseconds, Name, Times
from orbital_sdk.wire.numbers import Numbers
from orbital_sdk.wire.records import Label

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Identity(Form):
    """Which sentinel collected it."""

    id: Name
    name: Name
    region: Name = ""
    labels: dict[Name, Label] = msgspec.field(default_factory=dict[Name, Label])


class Origin(Form):
    """Where batches come from."""

    task: Name
    plugin: Name
    device_id: Name
    target: Label
    """What people call the device: Prometheus' `instance`."""
    sentinel: Identity


class Row(Form, array_like=True):
    """One series, as an array: labels in pairs, sorted by name, none of them empty."""

    name: Name
    kind: Literal["gauge", "counter"]
    unit: Name
    labels: tuple[tuple[Name, Label], ...]
    honor_labels: bool = False
    """Somebody else collected it: its labels win over those that the writer adds."""


class Layout(Form, tag_field="kind", tag="layout"):
    """Rows in order, none twice. Counts for its writer from here on, in place of the one of its number."""

    layout: Annotated[int, msgspec.Meta(ge=0, lt=LAYOUTS)]
    origin: Origin
    rows: Annotated[tuple[Row, ...], msgspec.Meta(max_length=ROWS)]


class Batch(Form, tag_field="kind", tag="batch"):
    """What one collection gave, stamped: a value for each row of a layout, infinite or finite."""

    layout: Annotated[int, msgspec.Meta(ge=0, lt=LAYOUTS)]
    ts: Milliseconds
    """Milliseconds since 1970, UTC."""
    values: Doubles
    """As in `samples`."""
    times: Times | None = None
    """A time for each value, as in `samples`, where devices gave their own; left out, all have `ts`."""
    stale: bool = False
    """These series ended, and no sample is in it: each value is the NaN 0x7ff0000000000002, bit for bit."""


Item: TypeAlias = Layout | Batch


class OutgoingBatches:
    """The end that delivers: it knows which layouts the writer has."""

    def __init__(self) -> None:
        self._numbers: Numbers[sdk.Layout] = Numbers(LAYOUTS)

    def packed(self, batches: Sequence[sdk.Batch]) -> tuple[Item, ...]:
        """The batches of one call, each layout before its first one."""
        return tuple([item for batch in batches for item in self._items(batch)])

    def _items(self, batch: sdk.Batch) -> Iterator[Item]:
        number, known = self._numbers.of(batch.layout)
        if not known:
            yield _layout(number, batch.layout)
        times = None if batch.times is None else integers(batch.times)
        yield Batch(number, batch.ts, doubles(batch.values), times, batch.stale)


class IncomingBatches:
    """The writer's end. A layout that comes again is the same object, with what its `caches` hold."""

    def __init__(self) -> None:
        self._layouts: dict[int, sdk.Layout] = {}

    def unpacked(self, items: Sequence[Item]) -> list[sdk.Batch]:
        """The batches.

        Raises:
            Malformed: A layout that was never told, or a column of another length.
        """
        batches: list[sdk.Batch] = []
        for item in items:
            if isinstance(item, Layout):
                self._layouts[item.layout] = _rows(item)
            else:
                batches.append(self._batch(item))
        return batches

    def _batch(self, told: Batch) -> sdk.Batch:
        layout = self._layouts.get(told.layout)
        if layout is None:
            raise Malformed(f"a batch of layout {told.layout}, which was never sent")
        rows = len(layout)
        times = None if told.times is None else as_integers(told.times, rows)
        return sdk.Batch(layout, told.ts, as_doubles(told.values, rows), times, told.stale)


def _layout(number: int, layout: sdk.Layout) -> Layout:
    o, s = layout.origin, layout.origin.sentinel
    identity = Identity(s.id, s.name, s.region, dict(s.labels))
    origin = Origin(o.task, o.plugin, o.device_id, o.target, identity)
    rows = [Row(r.name, r.kind, r.unit, r.labels, r.honor_labels) for r in layout.rows]
    return Layout(number, origin, tuple(rows))


def _rows(told: Layout) -> sdk.Layout:
    o, s = told.origin, told.origin.sentinel
    identity = sdk.Identity(s.id, s.name, s.region, s.labels)
    origin = sdk.Origin(o.task, o.plugin, o.device_id, o.target, identity)
    return sdk.Layout(origin, [_row(row) for row in told.rows])


def _row(r: Row) -> sdk.Row:
    return sdk.Row(r.name, dict(r.labels), r.kind, r.unit, honor_labels=r.honor_labels)
