"""A row's index, cut into its parts (RFC 2578 7.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.tables.texts import number, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_plugin_snmp.profiles.models import Index

SIZES: Final = {"PhysAddress48": 6, "InetAddressIPv4": 4, "InetAddressIPv6": 16}
_OCTETS: Final = frozenset({"DisplayString", "OctetString", "Bits", "DateAndTime", *SIZES})
_INET: Final = {1: 4, 2: 16, 3: 8, 4: 20}
"""InetAddressType -> octets (RFC 4001)."""


class Piece(NamedTuple):
    """One part of an index: its text, and its own sub-identifiers."""

    text: str
    parts: tuple[int, ...]


class WrongIndexError(ValueError):
    """The index does not have the parts that the profile says."""


def cut(index: tuple[int, ...], parts: Sequence[Index]) -> tuple[Piece, ...]:
    """The pieces of an index, one for each part.

    Raises:
        WrongIndexError: Too short, too long, or an octet above 255.
    """
    pieces: list[Piece] = []
    at = 0
    for number_, part in enumerate(parts):
        used, piece = _take(index, at, part, last=number_ == len(parts) - 1)
        pieces.append(piece)
        at += used
    if at != len(index) and index[at:] != (0,):  # odd agents add the instance of a scalar
        raise WrongIndexError(f"index {oids.dotted(index)} has {len(index) - at} numbers too many")
    return tuple(pieces)


def _take(index: Sequence[int], at: int, part: Index, *, last: bool) -> tuple[int, Piece]:
    """How many numbers the part uses, and what it is."""
    if part.type in ("InetAddress", "InetAddressMissingSize"):
        return _inet(index, at, sized=part.type == "InetAddress")
    if part.type not in _OCTETS and part.type != "ObjectIdentifier":
        value = _need(index, at, 1)
        return 1, Piece(part.enum.get(value[0]) or number(value[0]), value)
    before = 0
    if part.type in SIZES or part.size:
        length = part.size or SIZES[part.type]
    elif part.implied and last:
        length = len(index) - at
    else:
        before, length = 1, _need(index, at, 1)[0]
    value = _need(index, at + before, length)
    if part.type == "ObjectIdentifier":
        text = oids.dotted(value)
    else:
        text = text_of(_octets(value), 4, part.type, part.enum)
    return before + length, Piece(text, tuple(index[at : at + before + length]))


def _inet(index: Sequence[int], at: int, *, sized: bool) -> tuple[int, Piece]:
    """An address with its type in front, and with its length unless it was left out."""
    kind = _need(index, at, 1)[0]
    length = _need(index, at + 1, 1)[0] if sized else _INET.get(kind, len(index) - at - 1)
    head = 2 if sized else 1
    value = _octets(_need(index, at + head, length))
    shown = "DisplayString" if kind == 16 else "InetAddress"
    text = text_of(value, 4, shown)
    return head + length, Piece(text, tuple(index[at : at + head + length]))


def _need(index: Sequence[int], at: int, count: int) -> tuple[int, ...]:
    if at + count > len(index):
        raise WrongIndexError(f"index {oids.dotted(index)} is too short")
    return tuple(index[at : at + count])


def _octets(value: Sequence[int]) -> bytes:
    try:
        return bytes(value)
    except ValueError:
        raise WrongIndexError(f"{oids.dotted(value)} is not text: a number above 255") from None
