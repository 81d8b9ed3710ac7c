"""PDUs: requests written from templates, responses read (RFC 3416 3)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_plugin_snmp.wire.ber import (
    SEQUENCE,
    WireError,
    expect,
    header,
    integer,
    length,
    read_integer,
    tlv,
)
from orbital_plugin_snmp.wire.varbinds import read_varbinds

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_plugin_snmp.wire.smi import VarBind

    Reading = Callable[[bytes, int, int], list[VarBind]]
    """As `read_varbinds`."""

GET: Final = 0xA0
GET_NEXT: Final = 0xA1
RESPONSE: Final = 0xA2
GET_BULK: Final = 0xA5
REPORT: Final = 0xA8
FIRST_ID: Final = 1 << 24
LAST_ID: Final = (1 << 31) - 1
"""Request ids in between have four octets, so that a request only differs in these four."""
_EMPTY: Final = b"\x05\x00"


class Template(NamedTuple):
    """A PDU but for its request id."""

    head: bytes
    tail: bytes

    def whole(self, request_id: int) -> bytes:
        """The PDU with an id from FIRST_ID to LAST_ID."""
        return self.head + request_id.to_bytes(4, "big") + self.tail


class Request(NamedTuple):
    """What to ask, before it is bytes."""

    kind: int
    """GET, GET_NEXT or GET_BULK."""
    oids: tuple[bytes, ...]
    non_repeaters: int = 0
    repetitions: int = 0


class Pdu(NamedTuple):
    """A response or a report."""

    kind: int
    request_id: int
    status: int
    error_index: int
    varbinds: list[VarBind]


@lru_cache(maxsize=1 << 16)
def template(request: Request) -> Template:
    """A request as bytes; the last ones are kept, since polls repeat themselves."""
    kind, oids, first, second = request
    names = b"".join([tlv(SEQUENCE, tlv(0x06, oid) + _EMPTY) for oid in oids])
    tail = integer(first) + integer(second) + tlv(SEQUENCE, names)
    return Template(bytes((kind,)) + length(6 + len(tail)) + b"\x02\x04", tail)


def read_pdu(data: bytes, at: int, end: int, read: Reading = read_varbinds) -> Pdu:
    """A response or a report between `at` and `end`.

    Args:
        data: What came.
        at: Where the PDU begins.
        end: Where what is around it ends.
        read: Reads the varbinds of a response without error.

    Raises:
        WireError: It is none.
    """
    kind, at, end = header(data, at, end)
    if kind not in (RESPONSE, REPORT):
        raise WireError(f"not a response, but a PDU with tag 0x{kind:02x}")
    request_id, at = read_integer(data, at, end, "request id")
    status, at = read_integer(data, at, end, "error status")
    index, at = read_integer(data, at, end, "error index")
    begin, stop = expect(data, at, end, SEQUENCE, "list of varbinds")
    chosen = read_varbinds if status or kind == REPORT else read
    return Pdu(kind, request_id, status, index, chosen(data, begin, stop))
