"""Varbinds out of a response, in one pass: the hot path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp.wire import smi
from orbital_plugin_snmp.wire.ber import SEQUENCE, WireError, expect, header
from orbital_plugin_snmp.wire.values import UNSIGNED, value

if TYPE_CHECKING:
    from orbital_plugin_snmp.wire.smi import VarBind

_SHORT: Final = 0x80
"""Lengths below it have one octet."""
_OF_32: Final = 5
"""Octets of the largest 32-bit number: it begins with a zero."""


def read_varbinds(data: bytes, at: int, end: int) -> list[VarBind]:
    """All varbinds between `at` and `end`.

    Raises:
        WireError: They are none.
    """
    out: list[VarBind] = []
    add, number, unsigned, octets = out.append, int.from_bytes, UNSIGNED, smi.OCTET_STRING
    try:
        while at < end:
            size, stem = data[at + 1], data[at + 3]
            begin = at + 4 + stem  # of the value
            stop = at + 2 + size  # of the varbind
            if (
                data[at] != SEQUENCE
                or data[at + 2] != smi.OBJECT_IDENTIFIER
                or size >= _SHORT
                or stop > end
                or begin + 2 + data[begin + 1] != stop
            ):
                varbind, at = _any_varbind(data, at, end)
                add(varbind)
                continue
            tag = data[begin]
            if tag in unsigned and 0 < stop - begin - 2 < _OF_32:
                add((data[at + 4 : begin], tag, number(data[begin + 2 : stop], "big")))
            elif tag == octets:
                add((data[at + 4 : begin], tag, data[begin + 2 : stop]))
            else:
                add((data[at + 4 : begin], *value(tag, data[begin + 2 : stop])))
            at = stop
    except IndexError:
        raise WireError("cut off in the middle of a varbind") from None
    return out


def _any_varbind(data: bytes, at: int, end: int) -> tuple[VarBind, int]:
    """One varbind with headers of any length; where it ends."""
    begin, stop = expect(data, at, end, SEQUENCE, "varbind")
    name, name_end = expect(data, begin, stop, smi.OBJECT_IDENTIFIER, "OID")
    tag, content, content_end = header(data, name_end, stop)
    if content_end != stop:
        raise WireError(f"{stop - content_end} octets too many in the varbind at octet {at}")
    return (data[name:name_end], *value(tag, data[content:content_end])), stop
