"""Every type and order, decoded from bytes that were made another way."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital_plugin_modbus.decoder import ReadDecoder
from orbital_plugin_modbus.field import resolve
from orbital_plugin_modbus.planner import read_of
from orbital_plugin_modbus.register import Register
from orbital_plugin_modbus.types import ORDERS, TYPES

NUMBERS = {
    "int16": st.integers(-(2**15), 2**15 - 1), "uint16": st.integers(0, 2**16 - 1),
    "int32": st.integers(-(2**31), 2**31 - 1), "uint32": st.integers(0, 2**32 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1), "uint64": st.integers(0, 2**64 - 1),
    "float16": st.floats(width=16, allow_nan=False), "float32": st.floats(width=32, allow_nan=False),
    "float64": st.floats(allow_nan=False),
}  # fmt: skip
CODES = {name: TYPES[name].code for name in NUMBERS}


def reordered(big_endian: bytes, order: str) -> bytes:
    """Big-endian bytes put on the wire in another order, letter by letter as the orders are named."""
    pieces = [big_endian[i : i + 2] for i in range(0, len(big_endian), 2)]
    if order in ("CDAB", "DCBA"):
        pieces.reverse()
    if order in ("BADC", "DCBA"):
        pieces = [piece[::-1] for piece in pieces]
    return b"".join(pieces)


def decode(data: bytes, **fields):
    register = Register.model_validate({"address": 0, **fields})
    field = resolve(register, "ABCD")
    (value,) = ReadDecoder([field], 0).decode(data)
    return value


@st.composite
def typed(draw):
    name = draw(st.sampled_from(sorted(NUMBERS)))
    orders = list(ORDERS) if TYPES[name].registers > 1 else ["ABCD", "BADC"]
    return name, draw(st.sampled_from(orders)), draw(NUMBERS[name])


@given(typed())
def test_numbers_of_every_type_and_order(case):
    """A number comes out as it went in, whatever the order of its bytes."""
    name, order, number = case
    wire = reordered(struct.pack(">" + CODES[name], number), order)
    assert decode(wire, type=name, order=order) == number


def test_orders_are_what_their_letters_say():
    """0x0A0B0C0D in the four orders, byte for byte."""
    wires = {"ABCD": "0a0b0c0d", "DCBA": "0d0c0b0a", "BADC": "0b0a0d0c", "CDAB": "0c0d0a0b"}
    for order, wire in wires.items():
        assert decode(bytes.fromhex(wire), type="uint32", order=order) == 0x0A0B0C0D


@given(
    st.lists(typed(), min_size=1, max_size=30),
    st.lists(st.integers(0, 3), min_size=30, max_size=30),
)
def test_fields_of_a_read_do_not_disturb_each_other(cases, gaps):
    """Types and orders mixed in one read, with gaps between them."""
    wire, fields = b"", []
    for (name, order, number), gap in zip(cases, gaps, strict=False):
        wire += b"\xff\xff" * gap
        register = Register.model_validate(
            {"address": len(wire) // 2, "type": name, "order": order}
        )
        fields.append(resolve(register, "ABCD"))
        wire += reordered(struct.pack(">" + CODES[name], number), order)
    start = fields[0].start
    decoder = ReadDecoder(fields, start)
    values = dict(
        zip((f.start for f in decoder.fields), decoder.decode(wire[start * 2 :]), strict=True)
    )
    assert [values[field.start] for field in fields] == [number for _, _, number in cases]


@given(st.integers(0, 10**16 - 1), st.sampled_from(["bcd16", "bcd32", "bcd64"]))
def test_bcd(number, name):
    """Digits are digits."""
    size = TYPES[name].registers * 2
    digits = str(number)[-size * 2 :].rjust(size * 2, "0")
    assert decode(bytes.fromhex(digits), type=name) == float(digits)


def test_bcd_with_a_digit_above_nine_has_no_value():
    """A wrong value is worse than none."""
    assert decode(b"\x12\x3a", type="bcd16") is None


@given(st.binary(min_size=2, max_size=2))
def test_bytes_of_a_register(wire):
    """High and low, with sign and without; swapped, they change places."""
    high, low = struct.unpack("bb", wire)
    assert decode(wire, type="int8h") == high
    assert decode(wire, type="int8l") == low
    assert decode(wire, type="uint8h") == wire[0]
    assert decode(wire, type="uint8l") == wire[1]
    assert decode(wire, type="uint8l", order="BADC") == wire[0]


@given(st.integers(0, 2**32 - 1), st.integers(0, 31), st.integers(1, 32))
def test_wide_bit_fields(number, bit, width):
    """Bits inside 32, counted from the least significant."""
    width = min(width, 32 - bit)
    fields = {"type": "uint32", "bit": bit, "width": width, "order": "CDAB"}
    wire = reordered(struct.pack(">I", number), "CDAB")
    assert decode(wire, **fields) == int(f"{number:032b}"[::-1][bit : bit + width][::-1], 2)


@pytest.mark.parametrize(
    ("fields", "wire", "value"),
    [
        ({"type": "fixed16", "fraction_bits": 8}, "ff80", -0.5),
        ({"type": "ufixed32", "fraction_bits": 16}, "00018000", 1.5),
        ({"type": "fixed64", "fraction_bits": 32}, "ffffffff80000000", -0.5),
        ({"type": "time32"}, "65920080", 1704067200.0),
        ({"type": "time64_ms"}, "0000018cc251f400", 1704067200.0),
        ({"type": "uint16", "scale": 0.1, "offset": -40}, "0190", 0.0),
        ({"type": "string", "length": 6}, "4f726269746c", "Orbitl"),
        ({"type": "string", "length": 6}, "4f7220000078", "Or"),
        ({"type": "string", "length": 4, "order": "BADC"}, "724f6962", "Orbi"),
        ({"type": "string", "length": 2}, "c320", "\ufffd"),
    ],
)
def test_other_types(fields, wire, value):
    """Fixed point, times, scaling and text, against values from the bytes' meaning."""
    assert (
        decode(bytes.fromhex(wire), **fields) == pytest.approx(value)
        if not isinstance(value, str)
        else True
    )
    if isinstance(value, str):
        assert decode(bytes.fromhex(wire), **fields) == value


@pytest.mark.parametrize(
    ("fields", "wire"),
    [
        ({"type": "uint16", "invalid": 0xFFFF}, "ffff"),
        ({"type": "int16", "invalid": "0x8000"}, "8000"),
        ({"type": "int16", "invalid": -32768}, "8000"),
        ({"type": "int32", "invalid": [1, 0x80000000], "order": "CDAB"}, "00008000"),
        ({"type": "int8h", "invalid": 0x80}, "8000"),
        ({"type": "float32"}, "7fc00000"),
        ({"type": "float32", "invalid": "nan"}, "ffc00000"),
        ({"type": "float32", "invalid": [-9999.0, "nan"]}, "c61c3c00"),
        ({"type": "bcd16", "invalid": 9999}, "9999"),
        ({"type": "uint16", "bit": 4, "width": 4, "invalid": 0xFFFF}, "ffff"),
    ],
)
def test_values_that_mean_none(fields, wire):
    """What the map or IEEE 754 calls no value gives none."""
    assert decode(bytes.fromhex(wire), **fields) is None


def test_an_invalid_value_leaves_its_neighbours():
    """One NaN among floats, one marker among integers."""
    made = [resolve(Register(address=n * 2, type="float32", scale=2), "ABCD") for n in range(3)] + [
        resolve(Register(address=6 + n, invalid=(7,)), "ABCD") for n in range(3)
    ]
    data = struct.pack(">fff", 1, math.nan, 3) + struct.pack(">HHH", 6, 7, 8)
    decoder = ReadDecoder(made, read_of(made).start)
    found = dict(zip((f.start for f in decoder.fields), decoder.decode(data), strict=True))
    assert found == {0: 2.0, 2: None, 4: 6.0, 6: 6, 7: None, 8: 8}


@given(st.lists(st.booleans(), min_size=1, max_size=100), st.integers(0, 1000))
def test_coils(bits, start):
    """Eight a byte, the lowest address in the lowest bit (V1.1b3, 6.1)."""
    fields = [resolve(Register(address=start + n, table="coil"), "ABCD") for n in range(len(bits))]
    data = bytearray((len(bits) + 7) // 8)
    for place, bit in enumerate(bits):
        data[place // 8] |= bit << place % 8
    assert ReadDecoder(fields, start).decode(bytes(data)) == bits


def test_bits_and_the_word_they_are_in():
    """Bit fields of one register, and a shared field over them, come from one slot."""
    word = resolve(Register(address=0, shared=True), "ABCD")
    bits = [resolve(Register(address=0, bit=n), "ABCD") for n in range(16)]
    both = resolve(Register(address=0, type="uint32", shared=True), "ABCD")
    decoder = ReadDecoder([word, *bits, both], 0)
    found = dict(zip(decoder.fields, decoder.decode(b"\x80\x01\x00\x02"), strict=True))
    assert [found[bit] for bit in bits] == [1, *[0] * 14, 1]
    assert (found[word], found[both]) == (0x8001, 0x80010002)
