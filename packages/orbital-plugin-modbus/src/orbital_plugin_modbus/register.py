"""One field of a register map, as a user writes it."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from orbital_plugin_modbus.tables import SIZE, TABLES, TableName
from orbital_plugin_modbus.types import FLOATS, INTEGERS, TYPES, UNSIGNED, Order, TypeName
from orbital_sdk.fields import Fields

METRIC = r"^([a-zA-Z_:][a-zA-Z0-9_:]*)?$"
LABEL = r"^[a-zA-Z_][a-zA-Z0-9_]*$"
LONGEST_STRING = 250
"""Bytes: one read."""

LabelName = Annotated[str, Field(pattern=LABEL)]


class Register(Fields):
    """What stands where, and what becomes of it."""

    name: Annotated[str, Field(pattern=METRIC, max_length=200)] = ""
    """Name of the metric. Left out: `modbus_register_<address>`, or `modbus_input_register_`, `modbus_coil_`
    or `modbus_discrete_input_` in the other tables."""
    help: str = ""
    """What it means."""
    table: TableName = "holding"
    """`coil` (function 1), `discrete` (2), `holding` (3) or `input` (4)."""
    address: Annotated[int, Field(ge=0, lt=SIZE)]
    """As on the wire, from 0; what manuals call 40001 is holding 0."""
    type: TypeName | None = None
    """Left out: `uint16`, or `bit` for coils and discrete inputs."""
    order: Order | None = None
    """Byte order: `ABCD` (big-endian), `DCBA` (little-endian), `BADC` (bytes swapped) or `CDAB` (words
    swapped). Left out: the map's."""
    bit: Annotated[int, Field(ge=0, le=63)] | None = None
    """First bit of a bit field inside a register or an unsigned integer; 0 is the least significant."""
    width: Annotated[int, Field(ge=1, le=32)] = 1
    """Bits of the bit field."""
    fraction_bits: Annotated[int, Field(ge=0, le=63)] | None = None
    """Fixed point: how many bits stand behind the point."""
    length: Annotated[int, Field(ge=2, le=LONGEST_STRING)] | None = None
    """Bytes of a string, two a register."""
    scale: float = 1.0
    """The value is raw * scale + offset."""
    offset: float = 0.0
    """Added after scaling."""
    exponent: str = ""
    """Name of another field of the map: the value is also multiplied by ten to its power (SunSpec's scale
    factors)."""
    unit: str = ""
    """Unit of the value: `volts`, `watts`, `celsius`."""
    kind: Literal["gauge", "counter"] = "gauge"
    """A counter only rises."""
    labels: dict[LabelName, str] = Field(default_factory=dict[str, str])
    """Labels of the samples."""
    invalid: tuple[float, ...] = ()
    """Raw values that mean there is none, such as `[0xFFFF]`; a number or a list. NaN always does. For a bit
    field: what its registers hold as a whole."""
    states: dict[int, str] = Field(default_factory=dict[int, str])
    """Names of an enumeration's values."""
    states_as: Literal["label", "set"] = "label"
    """`label`: one sample of value 1, the name in a label. `set`: a sample a name, 1 for the one that is."""
    text_label: LabelName | None = None
    """Label that carries a string or a state's name; left out: `text` or `state`."""
    expect: tuple[int, ...] = ()
    """The device is another one unless this is what stands here; a number or a list."""
    hidden: bool = False
    """Read, for `exponent` or `expect`, but gives no sample."""
    shared: bool = False
    """May lie over other fields, as a status word over its bits."""

    @field_validator("invalid", "expect", mode="before")
    @classmethod
    def _as_list(cls, value: object) -> object:
        if isinstance(value, str):
            value = _number(value)
        return (value,) if isinstance(value, int | float) else value

    @field_validator("scale", "offset")
    @classmethod
    def _finite(cls, value: float) -> float:
        if not math.isfinite(value):
            raise ValueError("this has to be a finite number")
        return value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if problem := _problem(self):
            raise ValueError(f"{self.title} ({self.table} {self.address}): {problem}")
        return self

    @property
    def of_bits(self) -> bool:
        """Whether its table holds bits."""
        return TABLES[self.table].bits

    @property
    def kind_of_value(self) -> TypeName:
        """`type`, or what it is when left out."""
        return self.type or ("bit" if self.of_bits or self.bit is not None else "uint16")

    @property
    def size(self) -> int:
        """Addresses it takes."""
        if self.of_bits:
            return 1
        return TYPES[self.kind_of_value].registers or (self.length or 2) // 2

    @property
    def metric(self) -> str:
        """Name of its metric."""
        if self.name:
            return self.name
        part = {"int8h": "_high", "uint8h": "_high", "int8l": "_low", "uint8l": "_low"}
        behind = part.get(self.kind_of_value, "") if self.bit is None else f"_bit_{self.bit}"
        return f"{TABLES[self.table].prefix}_{self.address}{behind}"

    @property
    def title(self) -> str:
        """What errors call it."""
        labels = ", ".join(f'{name}="{value}"' for name, value in self.labels.items())
        return self.metric + (f"{{{labels}}}" if labels else "")

    @property
    def label_of_text(self) -> str:
        """The label that carries text; empty where there is none."""
        if self.kind_of_value == "string":
            return self.text_label or "text"
        return (self.text_label or "state") if self.states else ""


def _number(text: str) -> float | str:
    try:
        return float(text) if text.strip().lower() in {"nan", "inf", "-inf"} else int(text, 0)
    except ValueError:
        return text


def _problem(r: Register) -> str:
    """The first thing that cannot be, or nothing."""
    return _place(r) or _bits(r) or _order(r) or _only(r) or _meaning(r)


def _place(r: Register) -> str:
    kind = r.kind_of_value
    if r.of_bits and kind != "bit":
        return f"the table {r.table} holds bits, so its type is bit, not {kind}"
    if kind == "string" and (r.length is None or r.length % 2):
        return "a string needs its length in bytes, an even number, two a register"
    if r.address + r.size > SIZE:
        return f"{r.size} registers from here reach past the table's last address, {SIZE - 1}"
    return ""


def _bits(r: Register) -> str:
    kind = r.kind_of_value
    if r.of_bits:
        return (
            "a coil is one bit; leave bit and width out" if r.bit is not None or r.width > 1 else ""
        )
    if r.bit is None:
        return "say which bit of the register" if kind == "bit" or r.width > 1 else ""
    if kind != "bit" and kind not in UNSIGNED:
        return f"bit goes with the types bit, uint16, uint32 and uint64, not {kind}"
    room = r.size * 16
    if r.bit + r.width > room:
        return f"bits {r.bit} to {r.bit + r.width - 1} do not fit into {room} bits"
    return ""


def _order(r: Register) -> str:
    if r.order is None or r.order == "ABCD":
        return ""
    if r.of_bits:
        return "a coil has no byte order"
    if r.size == 1 and r.order != "BADC":
        return f"order {r.order} needs two registers; one has only its bytes to swap: BADC"
    if r.kind_of_value == "string" and r.order != "BADC":
        return f"order {r.order} does not apply to a string; BADC swaps the bytes of each register"
    return ""


def _only(r: Register) -> str:
    kind = r.kind_of_value
    if (r.fraction_bits is not None) != ("fixed" in kind):
        return "fraction_bits and the types fixed16, ufixed16, fixed32... need each other"
    if "fixed" in kind and (r.fraction_bits or 0) > r.size * 16:
        return f"fraction_bits {r.fraction_bits} is more than the {r.size * 16} bits of {kind}"
    if r.length is not None and kind != "string":
        return f"length goes with the type string, not {kind}"
    return ""


def _meaning(r: Register) -> str:
    kind = r.kind_of_value
    whole = kind == "bit" or kind in INTEGERS
    if (r.states or r.expect) and not whole:
        return f"states and expect need an integer type, not {kind}"
    plain = (r.scale, r.offset, r.exponent) == (1.0, 0.0, "")
    if (r.states or kind == "string") and not plain:
        return "scale, offset and exponent do not apply to text"
    broken = any(value != int(value) for value in r.invalid if math.isfinite(value))
    if broken and kind not in FLOATS:
        return "invalid lists raw values, which are whole numbers here"
    return _labels(r)


def _labels(r: Register) -> str:
    if r.label_of_text in r.labels:
        return f"the label {r.label_of_text!r} is taken by labels; choose another text_label"
    if r.text_label and not r.label_of_text:
        return "text_label goes with a string or with states"
    if r.exponent and r.hidden:
        return "a hidden field needs no exponent"
    return ""
