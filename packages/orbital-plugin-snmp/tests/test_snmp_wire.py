"""The codec against pysnmp's, and against everything that is not SNMP."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto import api, rfc1902, rfc1905

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.usm import message as usm
from orbital_plugin_snmp.wire import smi
from orbital_plugin_snmp.wire.ber import WireError, expect, read_integer, tlv
from orbital_plugin_snmp.wire.community import V2C, read_message, writer
from orbital_plugin_snmp.wire.identity import identify
from orbital_plugin_snmp.wire.pdu import (
    FIRST_ID,
    GET,
    GET_BULK,
    GET_NEXT,
    LAST_ID,
    Request,
    read_pdu,
    template,
)
from orbital_plugin_snmp.wire.repeats import Repeats
from orbital_plugin_snmp.wire.skeleton import skeleton
from orbital_plugin_snmp.wire.usual import usual_head
from orbital_plugin_snmp.wire.varbinds import read_varbinds

SYS_UP_TIME = oids.encode("1.3.6.1.2.1.1.3.0")
V2: Any = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]

parts = st.lists(st.integers(0, 2**32 - 1), max_size=12)
names = parts.map(lambda rest: (1, 3, 6, 1, *rest))
u32, u64 = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
octets = st.binary(max_size=300)
values = st.one_of(
    st.integers(-(2**31), 2**31 - 1).map(lambda n: (rfc1902.Integer32(n), smi.INTEGER, n)),
    u32.map(lambda n: (rfc1902.Counter32(n), smi.COUNTER32, n)),
    u32.map(lambda n: (rfc1902.Gauge32(n), smi.GAUGE32, n)),
    u32.map(lambda n: (rfc1902.TimeTicks(n), smi.TIME_TICKS, n)),
    u64.map(lambda n: (rfc1902.Counter64(n), smi.COUNTER64, n)),
    octets.map(lambda b: (rfc1902.OctetString(b), smi.OCTET_STRING, b)),
    octets.filter(lambda b: b[:1] != b"\x9f").map(lambda b: (rfc1902.Opaque(b), smi.OPAQUE, b)),
    st.binary(min_size=4, max_size=4).map(lambda b: (rfc1902.IpAddress(b), smi.IP_ADDRESS, b)),
    names.map(lambda n: (rfc1902.ObjectIdentifier(n), smi.OBJECT_IDENTIFIER, encoded(n))),
    st.just((rfc1905.noSuchObject, smi.NO_SUCH_OBJECT, None)),
    st.just((rfc1905.noSuchInstance, smi.NO_SUCH_INSTANCE, None)),
    st.just((rfc1905.endOfMibView, smi.END_OF_MIB_VIEW, None)),
)


def encoded(name: tuple[int, ...]) -> bytes:
    return oids.encode(oids.dotted(name))


def response(varbinds: list[tuple[Any, Any]], request_id: int = FIRST_ID, status: int = 0) -> bytes:
    """As pysnmp writes it."""
    pdu = V2.ResponsePDU()
    V2.apiPDU.set_defaults(pdu)
    V2.apiPDU.set_request_id(pdu, request_id)
    V2.apiPDU.set_error_status(pdu, status)
    V2.apiPDU.set_varbinds(pdu, varbinds)
    message = V2.Message()
    V2.apiMessage.set_defaults(message)
    V2.apiMessage.set_community(message, "public")
    V2.apiMessage.set_pdu(message, pdu)
    return encoder.encode(message)


@given(st.lists(st.tuples(names, values), max_size=12), st.integers(FIRST_ID, LAST_ID))
def test_every_value_is_read_as_pysnmp_wrote_it(
    varbinds: list[tuple[tuple[int, ...], tuple[Any, int, Any]]], request_id: int
) -> None:
    """All types of SMIv2, whole ranges included, with their exact values."""
    data = response([(name, value) for name, (value, _, _) in varbinds], request_id)
    pdu = read_message(data)
    assert (pdu.request_id, pdu.status, pdu.error_index) == (request_id, 0, 0)
    assert pdu.varbinds == [(encoded(name), tag, raw) for name, (_, tag, raw) in varbinds]
    assert identify(data) == request_id


@given(
    st.sampled_from([GET, GET_NEXT, GET_BULK]),
    st.lists(names, max_size=50),
    st.integers(FIRST_ID, LAST_ID),
    st.integers(0, 10**6),
    st.binary(max_size=200),
)
def test_pysnmp_reads_our_requests(
    kind: int, wanted: list[tuple[int, ...]], request_id: int, repetitions: int, community: bytes
) -> None:
    """Another decoder sees the very request that was meant."""
    counts = (1, repetitions) if kind == GET_BULK else (0, 0)
    request = Request(kind, tuple(map(encoded, wanted)), *counts)
    data = writer(V2C, community)(template(request), request_id)
    message, rest = decoder.decode(data, asn1Spec=V2.Message())
    assert not rest
    pdu = V2.apiMessage.get_pdu(message)
    assert bytes(V2.apiMessage.get_community(message)) == community
    assert pdu.tagSet.superTags[-1].tagId == kind & 0x1F
    assert int(pdu[0]) == request_id
    assert (int(pdu[1]), int(pdu[2])) == counts
    assert [tuple(varbind[0]) for varbind in pdu[3]] == wanted


def reads(data: bytes) -> None:
    """Everything that reads what came from outside."""
    for read in (identify, read_message, usm.read_message):
        try:
            found = read(data)
        except WireError:
            continue
        if isinstance(found, usm.Message):
            try:
                usm.read_scoped(found.body)
            except WireError:
                continue


@given(st.binary(max_size=400))
def test_garbage_is_a_wire_error(data: bytes) -> None:
    """Whatever comes, nothing but a WireError is raised."""
    reads(data)


KINDS: list[Any] = [
    rfc1902.Counter64(2**63),
    rfc1902.Integer32(-5),
    rfc1902.OctetString("x" * 200),
    rfc1905.endOfMibView,
    rfc1902.Opaque(b"\x9f\x78\x04" + struct.pack(">f", 1.5)),
]
GOOD = response([((1, 3, 6, 1, 2, n), value) for n, value in enumerate(KINDS)])


@settings(max_examples=300)
@given(
    st.integers(0, len(GOOD)),
    st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=6),
)
def test_damaged_messages_are_a_wire_error_or_read_within_bounds(
    size: int, changes: list[tuple[int, int]]
) -> None:
    """A real response, cut and with octets changed: no other exception, whatever the damage."""
    data = bytearray(GOOD)
    for at, octet in changes:
        data[at] = octet
    reads(bytes(data[:size]))


@pytest.mark.parametrize("size", range(len(GOOD)))
def test_half_a_message_is_never_taken_for_a_whole_one(size: int) -> None:
    """Cut anywhere, it is refused: no value is read from half of it."""
    with pytest.raises(WireError):
        read_message(GOOD[:size])


def varbinds_of(content: bytes) -> bytes:
    """A response around these varbinds."""
    return tlv(
        0x30,
        b"\x02\x01\x01\x04\x06public"
        + tlv(0xA2, b"\x02\x04\x01\0\0\0\x02\x01\0\x02\x01\0" + tlv(0x30, content)),
    )


def one(tag: int, content: bytes) -> tuple[int, object]:
    (found,) = read_message(
        varbinds_of(tlv(0x30, tlv(6, SYS_UP_TIME) + tlv(tag, content)))
    ).varbinds
    return found[1], found[2]


@pytest.mark.parametrize(
    ("tag", "content", "expected"),
    [
        (smi.GAUGE32, b"\xff\xff\xff\xff", (smi.GAUGE32, 2**32 - 1)),
        (smi.COUNTER32, b"\x01\0\0\0\0", (smi.NULL, None)),
        (smi.COUNTER64, b"\0" + b"\xff" * 8, (smi.COUNTER64, 2**64 - 1)),
        (smi.COUNTER64, b"\x01" + b"\xff" * 8, (smi.NULL, None)),
        (smi.COUNTER32, b"", (smi.NULL, None)),
        (smi.INTEGER, b"", (smi.NULL, None)),
        (smi.INTEGER, b"\xff", (smi.INTEGER, -1)),
        (smi.INTEGER, bytes(9), (smi.NULL, None)),
        (smi.IP_ADDRESS, b"\1\2\3", (smi.OCTET_STRING, b"\1\2\3")),
        (smi.OPAQUE, b"\x9f\x78\x04" + struct.pack(">f", -2.5), (smi.FLOAT, -2.5)),
        (smi.OPAQUE, b"\x9f\x79\x08" + struct.pack(">d", 1e300), (smi.DOUBLE, 1e300)),
        (smi.OPAQUE, b"\x9f\x7a\x08" + b"\xff" * 8, (smi.INTEGER, -1)),
        (smi.OPAQUE, b"\x9f\x7b\x01\x07", (smi.COUNTER64, 7)),
        (smi.OPAQUE, b"\x9f\x78\x05abc", (smi.OPAQUE, b"\x9f\x78\x05abc")),
        (0x9E, b"?", (0x9E, b"?")),
    ],
)  # fmt: skip
def test_odd_values(tag: int, content: bytes, expected: tuple[int, object]) -> None:
    """What a type cannot hold has no value; a Gauge32 without its leading zero is what the device meant."""
    assert one(tag, content) == expected


def test_long_lengths_are_read() -> None:
    """Some devices write every length with two octets."""
    name = b"\x06\x82\0" + bytes((len(SYS_UP_TIME),)) + SYS_UP_TIME
    inner = name + b"\x41\x81\x01\x05"
    data = varbinds_of(b"\x30\x82\0" + bytes((len(inner),)) + inner)
    assert read_message(data).varbinds == [(SYS_UP_TIME, smi.COUNTER32, 5)]


def test_lengths_that_promise_the_sky_cost_nothing() -> None:
    """A datagram that announces gigabytes is refused before anything is made for them."""
    with pytest.raises(WireError, match="4294967295 octets announced"):
        read_message(b"\x30\x84\xff\xff\xff\xff" + bytes(100))


@given(st.lists(st.tuples(names, values), max_size=12), st.data())
def test_a_pattern_reads_what_the_slow_way_reads(
    varbinds: list[tuple[tuple[int, ...], tuple[Any, int, Any]]], data: st.DataObject
) -> None:
    """Made of one answer and shown another: the very same varbinds, or none."""
    first = content_of(response([(name, value) for name, (value, _, _) in varbinds]))
    pattern = skeleton(first, read_varbinds(first, 0, len(first)))
    changed = bytearray(first)
    for _ in range(data.draw(st.integers(0, 4)) if first else 0):
        changed[data.draw(st.integers(0, len(first) - 1))] = data.draw(st.integers(0, 255))
    second = bytes(changed)
    found = pattern.read(second) if pattern else None
    if found is not None:
        assert found == read_varbinds(second, 0, len(second))
    if pattern and second == first:
        assert found is not None


def content_of(data: bytes) -> bytes:
    """The content of the list of varbinds, which ends the message."""
    seen: list[bytes] = []

    def read(whole: bytes, begin: int, stop: int) -> list[smi.VarBind]:
        seen.append(whole[begin:stop])
        return []

    read_message(data, read)
    return seen[0]


def test_answers_that_always_look_another_way_are_read_all_the_same() -> None:
    """Lengths that change with every answer: nothing is learned, and nothing is wrong."""
    repeats, request = Repeats(), Request(GET, (SYS_UP_TIME,))
    for turn in range(200):
        value = 1 << (turn * 7 % 60)
        content = content_of(response([((1, 3, 6, 1), rfc1902.Counter64(value))]))
        found = repeats.read(request, content, 0, len(content))
        assert found == [(b"+\6\1", smi.COUNTER64, value)]


def test_counters_that_grow_within_their_octets_keep_their_oids() -> None:
    """From the second answer on the OIDs are the same objects, which is what makes look-ups cheap."""
    repeats, request = Repeats(), Request(GET, (SYS_UP_TIME,))
    rows: list[Any] = []
    for value in (1000, 1001, 1002, 1003):
        both = [((1, 3, 6, 1), rfc1902.Counter32(value)), ((1, 3, 7), rfc1902.Integer32(-value))]
        content = content_of(response(both))
        rows.append(repeats.read(request, content, 0, len(content)))
        assert [n for _, _, n in rows[-1]] == [value, -value]
    assert rows[-1].names is rows[-2].names


@given(st.integers(0, 8), st.integers(0, 255), st.integers(0, 30))
def test_heads_that_are_damaged_are_not_taken_for_usual_ones(
    at: int, octet: int, more: int
) -> None:
    """Octets of the head changed, or something behind the message: as strict as the slow way."""
    data = bytearray(response([((1, 3, 6, 1), rfc1902.Counter32(5))]) + bytes(more))
    data[at] = octet
    head = usual_head(bytes(data))
    if head is not None:
        begin, end = expect(bytes(data), 0, len(data), 0x30, "message")
        assert end == len(data)
        _, at = read_integer(bytes(data), begin, end, "version")
        _, at = expect(bytes(data), at, end, 0x04, "community")
        found = read_pdu(bytes(data), at, end)
        assert (found.request_id, found.status) == (head.request_id, 0)


def test_equal_oids_are_one_object_for_all_devices() -> None:
    """Thousands of devices of one kind keep their OIDs once."""
    first, second = oids.encode("1.3.6.1.2.1.2.2.1.10.77"), oids.encode("1.3.6.1.2.1.2.2.1.10.77")
    assert first is not second
    assert oids.shared(second) is oids.shared(first)
