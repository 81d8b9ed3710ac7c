"""What a profile says: which columns to read, and what becomes of them. Data, never code."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from orbital_plugin_snmp.profiles.near import did_you_mean
from orbital_plugin_snmp.profiles.words import (
    NAMED,
    NUMBERS,
    OID,
    Enum,
    Kind,
    LabelName,
    MetricName,
    Oid,
    Pattern,
    TextKind,
    Texts,
)


class Part(BaseModel):
    """Base of all parts: frozen, and strict about keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Extract(Part):
    """A number out of a text: the first expression that matches gives one sample."""

    suffix: Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9_]*$")] = ""
    """Added to the metric's name."""
    regex: Pattern
    """Searched for in the text (anchored at both ends)."""
    value: str = "$1"
    """What the sample is: `$1` is the first group, a plain number stands for itself."""


class Value(Part):
    """What scalars and columns have in common."""

    name: MetricName
    """The metric's name: with the exporter's users that is the MIB object's."""
    oid: Oid
    """Of the object or column, without the instance."""
    fallback: Oid | None = None
    """Read where a row has no `oid`: the 32-bit counter beside the 64-bit one."""
    type: Kind = "gauge"
    help: str = ""
    unit: str = ""
    enum: Enum = Field(default_factory=dict[int, str])
    """Number -> name, of an enum; bit -> name, of `Bits`."""
    hint: str = ""
    """The MIB's DISPLAY-HINT: of an `OctetString` how to write it, of a number (`d-2`) where its point is."""
    unknown: tuple[float, ...] = ()
    """Numbers, before `scale`, by which a device says that it knows none: left out."""
    scale: float = 1.0
    """Numbers are multiplied by this, ..."""
    offset: float = 0.0
    """... and this is added."""
    extract: tuple[Extract, ...] = ()
    """Numbers out of a text. Without any, a text is a label of a sample that is 1."""
    format: str = ""
    """Of `ParseDateAndTime`: as in strptime."""
    exact: bool = False
    """Of a scalar: `oid` is the instance already, and no `.0` is added."""
    free_of: Oid | None = None
    """Of a scalar: what it is the free part of. Told is then the used part, in percent."""
    unwrap: bool = False
    """Carry a 32-bit counter on when it wraps. It starts again when the device did."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.type in NAMED and not self.enum:
            raise ValueError(f"{self.name}: type {self.type} needs enum: names of its values")
        if self.type == "ParseDateAndTime" and not self.format:
            raise ValueError(f"{self.name}: type ParseDateAndTime needs format, like '%Y-%m-%d'")
        if self.extract and self.type not in ("DisplayString", "OctetString"):
            raise ValueError(f"{self.name}: extract reads texts; set type: DisplayString")
        if self.unwrap and self.type != "counter":
            raise ValueError(f"{self.name}: unwrap is for counters; set type: counter")
        if self.free_of and self.type not in NUMBERS:
            raise ValueError(f"{self.name}: free_of is for numbers; leave the type out")
        return self


class Index(Part):
    """One part of a table's index, in the MIB's order."""

    label: LabelName | None = None
    """Left out, this part makes no label."""
    type: TextKind = "gauge"
    size: Annotated[int, Field(ge=1, le=128)] | None = None
    """Sub-identifiers of a text of fixed size."""
    implied: bool = False
    """The text runs to the index's end, without its length in front."""
    enum: Enum = Field(default_factory=dict[int, str])
    name: str = ""
    """What `by` calls this part where it makes no label."""


class Label(Part):
    """A column looked up in the same or another table, to be a label."""

    label: LabelName
    oid: Oid
    type: TextKind = "DisplayString"
    by: tuple[str, ...] | None = None
    """Which index parts and labels make the index of the looked-up row: a label that was looked up before
    makes a chain. Left out: the whole index."""
    enum: Enum = Field(default_factory=dict[int, str])
    hint: str = ""
    regex: Pattern | None = None
    """Keeps the first group (or the match) of the text; where it does not match, the label is empty."""


class Condition(Part):
    """What a value has to be."""

    equals: Texts = ()
    """Any of these: numbers or texts; in tables also names of an enum."""
    matches: Pattern | None = None
    """A regular expression, anchored at both ends."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if bool(self.equals) == (self.matches is not None):
            raise ValueError("a filter needs equals or matches, one of them")
        return self


class Filter(Condition):
    """Which rows to keep: all filters of a table have to agree."""

    column: str
    """A label of this table, the name of one of its metrics, or an OID."""
    invert: bool = False
    """Keep the others."""


class Table(Part):
    """Columns that share an index."""

    name: Annotated[str, Field(max_length=200)]
    index: tuple[Index, ...] = (Index(label="index", type="ObjectIdentifier", implied=True),)
    """Left out, the whole index is one label, `index`: numbers with dots."""
    labels: tuple[Label, ...] = ()
    where: tuple[Filter, ...] = ()
    changed: Oid | None = None
    """An object whose value changes when rows come or go (ifTableLastChange): labels are looked up again."""
    discontinuity: Oid | None = None
    """A column whose value changes when a row's counters start again (ifCounterDiscontinuityTime)."""
    metrics: tuple[Value, ...] = ()

    @model_validator(mode="after")
    def _columns_are_known(self) -> Self:
        parts = [part.label or part.name for part in self.index]
        known = [part for part in parts if part]
        for label in self.labels:
            for name in label.by or ():
                if name not in known:
                    raise ValueError(
                        f"table {self.name}: label {label.label} is looked up by {name!r}, which is"
                        f" neither a part of the index nor a label above it{did_you_mean(name, known)}"
                    )
            known.append(label.label)
        twice = {name for name in known if known.count(name) > 1}
        if twice:
            raise ValueError(f"table {self.name}: {min(twice)!r} appears twice in its labels")
        self._filters_are_known()
        return self

    def _filters_are_known(self) -> None:
        enums = {value.name: value.enum for value in self.metrics}
        enums |= {label.label: label.enum for label in self.labels}
        enums |= {part.label: part.enum for part in self.index if part.label}
        for filter_ in self.where:
            if OID.fullmatch(filter_.column):
                continue
            if filter_.column not in enums:
                raise ValueError(
                    f"table {self.name}: there is no column {filter_.column!r} to filter by"
                    f"{did_you_mean(filter_.column, enums)}"
                )
            names = enums[filter_.column].values()
            for wanted in filter_.equals:
                if names and wanted not in names and not wanted.lstrip("-").isdigit():
                    raise ValueError(
                        f"table {self.name}: {filter_.column} is never {wanted!r}"
                        f"{did_you_mean(wanted, names)}"
                    )


class Profile(Part):
    """Everything that one kind of device, or one MIB, has to tell."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    description: str = ""
    sysobjectid: tuple[Annotated[str, Field(pattern=r"^[0-9.]+(\.\*)?$")], ...] = ()
    """Which devices `auto` takes it for: sysObjectIDs, `1.3.6.1.4.1.9.*` for all below. The longest wins."""
    extends: tuple[str, ...] = ()
    """Profiles that are read with this one."""
    scalars: tuple[Value, ...] = ()
    tables: tuple[Table, ...] = ()
    neighbors: Literal["lldp"] | None = None
    """Also read the neighbours that LLDP-MIB knows."""

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not (self.scalars or self.tables or self.extends or self.neighbors):
            raise ValueError(
                f"profile {self.name} reads nothing; give it scalars, tables or extends"
            )
        return self
