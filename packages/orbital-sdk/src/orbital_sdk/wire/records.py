"""What a plugin gives, as it crosses: tables of series, told once, and columns of numbers for them.

Records have a `kind`. This contract has one of data, `samples`; another (events) would be one more.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from orbital_sdk.wire.form import Form
from orbital_sdk.wire.limits import ROWS, TABLES, Doubles, Name, Times

Label = Annotated[str, msgspec.Meta(max_length=1 << 20)]
"""The agent cuts what is longer than `collector.limits` allows."""


class Metric(msgspec.Struct, frozen=True, omit_defaults=True):
    """A metric as a plugin declared it, or made it while it collected."""

    name: Name
    help: Annotated[str, msgspec.Meta(max_length=16_384)] = ""
    kind: Literal["gauge", "counter"] = "gauge"
    unit: Name = ""
    labels: tuple[Name, ...] = ()
    honor_labels: bool = False
    """Somebody else collected it: its labels win over the agent's."""


class Series(Form, array_like=True):
    """One series: an array of the metric's place in the table's `metrics`, and the values of its labels."""

    metric: Annotated[int, msgspec.Meta(ge=0)]
    values: tuple[Label, ...]


class Table(Form, tag_field="kind", tag="table"):
    """Series in order. Counts for its session from here on, and replaces the one that had its number."""

    table: Annotated[int, msgspec.Meta(ge=0, lt=TABLES)]
    metrics: Annotated[tuple[Metric, ...], msgspec.Meta(max_length=ROWS)]
    series: Annotated[tuple[Series, ...], msgspec.Meta(max_length=ROWS)]


class Samples(Form, tag_field="kind", tag="samples"):
    """A value for each series of a table. NaN is refused and counted by the agent, as it is in process; in an
    `emit` the NaN 0x7ff0000000000002 says that its series ended.
    """

    table: Annotated[int, msgspec.Meta(ge=0, lt=TABLES)]
    values: Doubles
    """IEEE 754 binary64, little endian, 8 bytes each, in the order of the series."""
    times: Times | None = None
    """The device's own time of each value: signed 64-bit integers, little endian, milliseconds since 1970
    UTC; -2^63 is the time of the collection, as all have it where this is left out."""


Record: TypeAlias = Table | Samples
Records = tuple[Record, ...]
