"""Turns the answers to planned reads into values. Everything that can be settled before the first answer is.

The fields of a read are put into one `struct` for each byte order, gaps as padding, so that the bytes of an
answer become numbers in one call. Bytes swapped inside registers are swapped back in the whole answer, once.
"""

from __future__ import annotations

import struct
from array import array
from math import isnan
from operator import add, itemgetter, mul
from typing import TYPE_CHECKING, Any, Final

from orbital_plugin_modbus.types import FLOATS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orbital_plugin_modbus.field import MapField

Value = float | str | None
NO_NUMBERS: Final[frozenset[float]] = frozenset()


class ReadDecoder:
    """Decodes the answer to one read.

    Args:
        fields: Those that the read brings.
        start: Its first address.
    """

    __slots__ = ("_groups", "fields", "nothing", "swaps")

    def __init__(self, fields: Sequence[MapField], start: int) -> None:
        bits = bool(fields) and fields[0].table.bits
        groups = _bit_groups(fields, start) if bits else _groups(fields, start)
        self._groups = groups
        self.fields = [field for group in groups for field in group.fields]
        """In the order of the values."""
        self.nothing: list[Value] = [None] * len(self.fields)
        """What stands for the values when no answer came."""
        self.swaps = any(group.swapped for group in groups)

    def decode(self, data: bytes) -> list[Value]:
        """Values in the order of `fields`; None where the device says that there is none.

        Args:
            data: Of the read's size; registers as on the wire, bits eight a byte, the lowest first.
        """
        values: list[Value] = []
        swapped = _swapped(data) if self.swaps else data
        for group in self._groups:
            values += group.decode(swapped if group.swapped else data)
        return values


def _swapped(data: bytes) -> bytes:
    words = array("H", data)
    words.byteswap()
    return words.tobytes()


class _Group:
    """Fields of one byte order that one `struct` unpacks."""

    __slots__ = (
        "_checks",
        "_invalid",
        "_offsets",
        "_pick",
        "_scales",
        "_unpack",
        "fields",
        "plain",
        "swapped",
    )

    def __init__(self, fields: list[MapField], start: int) -> None:
        self.fields = fields
        first = fields[0]
        self.swapped = first.layout.swapped
        slots = sorted({(field.start, field.size, field.code) for field in fields})
        self._unpack = _struct(slots, start, little=first.layout.little).unpack_from
        places = [slots.index((field.start, field.size, field.code)) for field in fields]
        self._pick = _picker(places) if places != list(range(len(slots))) else None
        self.plain = all(field.plain for field in fields)
        self._checks = any(field.register.kind_of_value in FLOATS for field in fields)
        self._invalid = frozenset[float]().union(*[field.invalid for field in fields])
        scales = [field.scale for field in fields]
        offsets = [field.offset for field in fields]
        self._scales = None if set(scales) == {1.0} else scales
        self._offsets = None if set(offsets) == {0.0} else offsets

    def decode(self, data: bytes) -> Sequence[Value]:
        raw: Sequence[Any] = self._unpack(data)
        if self._pick is not None:
            raw = self._pick(raw)
        if not self.plain or self._suspicious(raw):
            return [field.value(each) for field, each in zip(self.fields, raw, strict=True)]
        if self._scales is not None:
            raw = list(map(mul, raw, self._scales))
        return raw if self._offsets is None else list(map(add, raw, self._offsets))

    def _suspicious(self, raw: Sequence[float]) -> bool:
        """Whether a value may mean that there is none; one look at all of them, since it is rare."""
        if self._invalid and not self._invalid.isdisjoint(raw):
            return True
        return self._checks and isnan(sum(raw))


def _picker(places: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    if len(places) == 1:
        place = places[0]
        return lambda raw: (raw[place],)
    return itemgetter(*places)


def _struct(slots: Sequence[tuple[int, int, str]], start: int, *, little: bool) -> struct.Struct:
    """A `struct` of slots (first address, registers, code), with padding for what lies between."""
    parts = ["<" if little else ">"]
    for address, size, code in slots:
        if address > start:
            parts.append(f"{(address - start) * 2}x")
        parts.append(code)
        start = address + size
    return struct.Struct("".join(parts))


def _groups(fields: Sequence[MapField], start: int) -> list[_Group]:
    """Fields that convert apart from those that don't; in a group none lies over another.

    Fields of the very same registers, as the bits of a status word, share a slot.
    """
    groups: list[list[MapField]] = []
    for field in sorted(fields, key=lambda field: field.start):
        home = next((group for group in groups if _fits(group, field)), None)
        if home is None:
            groups.append([field])
        else:
            home.append(field)
    return [_Group(group, start) for group in groups]


def _fits(group: Sequence[MapField], field: MapField) -> bool:
    last = group[-1]
    if (last.layout, last.plain) != (field.layout, field.plain):
        return False
    same = (last.start, last.size, last.code) == (field.start, field.size, field.code)
    return same or field.start >= max(each.stop for each in group)


class _BitGroup:
    """Fields of a table of bits."""

    __slots__ = ("_places", "_plain", "fields", "swapped")

    def __init__(self, fields: list[MapField], start: int) -> None:
        self.fields = fields
        self.swapped = False
        self._places = [field.start - start for field in fields]
        self._plain = all((f.scale, f.offset, f.invalid) == (1.0, 0.0, NO_NUMBERS) for f in fields)

    def decode(self, data: bytes) -> Sequence[Value]:
        bits = int.from_bytes(data, "little")
        values = [bits >> place & 1 for place in self._places]
        if self._plain:
            return values
        return [field.value(each) for field, each in zip(self.fields, values, strict=True)]


def _bit_groups(fields: Sequence[MapField], start: int) -> list[_BitGroup]:
    return [_BitGroup(list(fields), start)]
