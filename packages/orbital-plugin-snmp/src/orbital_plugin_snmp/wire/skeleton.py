"""Answers that look like the one before: the same OIDs and lengths, other numbers. Read at the speed of C.

Polls repeat themselves. Of an answer that was read once, everything but the values' own octets is a pattern.
Where the next answer has it too, its values are taken out by one `struct` call, and no octet is looked at in
Python. A counter that needs one more octet makes another pattern.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_plugin_snmp.oids import shared
from orbital_plugin_snmp.wire import smi
from orbital_plugin_snmp.wire.ber import expect, header
from orbital_plugin_snmp.wire.smi import Rows
from orbital_plugin_snmp.wire.values import UNSIGNED, UNSIGNED_32

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_plugin_snmp.wire.smi import Value, VarBind

SIGNED: Final = {1: "b", 2: "h", 4: "i", 8: "q"}
UNSIGNED_LETTERS: Final = {1: "B", 2: "H", 4: "I", 8: "Q"}
"""Sizes that `struct` knows, and its letters for them."""
NAMES_KEPT: Final = 20_000


class Form(NamedTuple):
    """Which octets are pattern, and where the values are: shared by all answers of this form."""

    unpack: Callable[[bytes], tuple[int | bytes, ...]]
    mask: int
    """Ones over the pattern's octets."""


class Skeleton:
    """The pattern of a list of varbinds.

    Args:
        form: Where its values are.
        pattern: Its octets, those of values zero.
        names: OID of each varbind.
        tags: Tag of each.
        odd: Position of numbers that `struct` cannot read, and whether they are signed.
    """

    __slots__ = ("_form", "_names", "_odd", "_pattern", "_tags")

    def __init__(
        self,
        form: Form,
        pattern: int,
        names: tuple[bytes, ...],
        tags: bytes,
        odd: tuple[tuple[int, bool], ...],
    ) -> None:
        self._form = form
        self._pattern = pattern
        self._names = names
        self._tags = tags
        self._odd = odd

    def read(self, content: bytes) -> Rows | None:
        """The varbinds, where they have this pattern."""
        form = self._form
        if int.from_bytes(content, "big") & form.mask != self._pattern:
            return None
        try:
            values: tuple[Value, ...] = form.unpack(content)
        except ValueError:
            return None
        if self._odd:
            values = self._whole(values)
        rows = Rows(zip(self._names, self._tags, values, strict=True))
        rows.names = self._names
        return rows

    def _whole(self, values: tuple[Value, ...]) -> tuple[Value, ...]:
        whole = list(values)
        for at, signed in self._odd:
            octets = whole[at]
            assert isinstance(octets, bytes)  # noqa: S101 (`s` gives nothing else)
            whole[at] = int.from_bytes(octets, "big", signed=signed)
        return tuple(whole)


def skeleton(content: bytes, varbinds: list[VarBind]) -> Skeleton | None:
    """The pattern of an answer; None where it has varbinds that are none of a poll's daily bread.

    Args:
        content: Of the list of varbinds, well-formed.
        varbinds: The same, as they were read.
    """
    letters, odd, at = [">"], list[tuple[int, bool]](), 0
    for number, (_, tag, value) in enumerate(varbinds):
        begin, stop = _value(content, at)
        kind = _letters(tag, value, content[begin:stop])
        if kind is None:
            return None
        lead, letter = kind
        letters.append(f"{begin - at + lead}x{letter}")
        if letter.endswith("s") and not isinstance(value, bytes):
            odd.append((number, tag == smi.INTEGER))
        at = stop
    form = _form("".join(letters), len(content))
    pattern = int.from_bytes(content, "big") & form.mask
    names = _same(tuple([shared(oid) for oid, _, _ in varbinds]))
    return Skeleton(form, pattern, names, bytes(tag for _, tag, _ in varbinds), tuple(odd))


def _value(content: bytes, at: int) -> tuple[int, int]:
    """Where the value of the varbind at `at` begins and ends."""
    begin, stop = expect(content, at, len(content), 0x30, "varbind")
    _, begin = expect(content, begin, stop, smi.OBJECT_IDENTIFIER, "OID")
    _, begin, end = header(content, begin, stop)
    return begin, end


def _letters(tag: int, value: Value, octets: bytes) -> tuple[int, str] | None:
    """Octets that belong to the pattern, and how `struct` reads the others."""
    size = len(octets)
    if tag in (smi.OCTET_STRING, smi.OBJECT_IDENTIFIER, smi.IP_ADDRESS):
        return 0, f"{size}s"
    if not isinstance(value, int) or not size or tag not in UNSIGNED | {smi.INTEGER}:
        return None
    if tag == smi.INTEGER:
        return 0, SIGNED.get(size, f"{size}s")
    lead = size in (5, 9) and octets[0] == 0
    if size - lead > (4 if tag in UNSIGNED_32 else 8):
        return None
    return int(lead), UNSIGNED_LETTERS.get(size - lead, f"{size - lead}s")


@lru_cache(maxsize=4096)
def _form(letters: str, size: int) -> Form:
    """The struct, and ones wherever it skips."""
    compiled = Struct(letters)
    mask = bytearray(size)
    at = 0
    for number, letter in _fields(letters):
        if letter == "x":
            mask[at : at + number] = b"\xff" * number
            at += number
        else:
            at += number if letter == "s" else Struct(f">{letter}").size
    return Form(compiled.unpack, int.from_bytes(mask, "big"))


def _fields(letters: str) -> list[tuple[int, str]]:
    """`>3x4sI` as (3, x), (4, s), (1, I)."""
    fields, number = list[tuple[int, str]](), ""
    for letter in letters.removeprefix(">"):
        if letter.isdigit():
            number += letter
        else:
            fields.append((int(number or 1), letter))
            number = ""
    return fields


_names: dict[tuple[bytes, ...], tuple[bytes, ...]] = {}


def _same(names: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """One object for equal ones: devices of one kind share them."""
    if len(_names) >= NAMES_KEPT:
        _names.clear()
    return _names.setdefault(names, names)
