"""ICMP messages: made right, and read without fear."""

from __future__ import annotations

import socket
import struct

from hypothesis import given
from hypothesis import strategies as st

from orbital_plugin_ping.native.filter import program
from orbital_plugin_ping.native.packet import (
    Echo,
    Refusal,
    checksum,
    echo_request,
    header_length,
    read_echo,
    read_refusal,
)
from orbital_plugin_ping.reasons import icmp_reason, send_reason

FAMILIES = st.sampled_from([socket.AF_INET, socket.AF_INET6])
ECHOES = st.builds(
    Echo, st.integers(0, 65535), st.integers(0, 65535), st.binary(min_size=8, max_size=8)
)


def rfc1071(data: bytes) -> int:
    """The checksum as the RFC writes it, word by word."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


@given(st.binary(max_size=300))
def test_checksum(data):
    """The checksum is RFC 1071's; of its two forms of zero either will do."""
    assert checksum(data) % 0xFFFF == rfc1071(data) % 0xFFFF


@given(FAMILIES, ECHOES, st.binary(max_size=100))
def test_request(family, echo, padding):
    """A request reads back as what was put in; with its checksum it sums up to zero, as receivers check."""
    packet = echo_request(family, echo, padding, summed=True)
    assert packet[0] == (8 if family == socket.AF_INET else 128)
    assert read_echo(packet) == echo
    assert packet[16:] == padding
    assert rfc1071(packet) in {0, 0xFFFF}


def quote(family: int, echo: Echo, host: str, kind: int, code: int) -> bytes:
    """An ICMP error about a request to `host`."""
    message = echo_request(family, echo, b"", summed=False)
    if family == socket.AF_INET:
        ends = socket.inet_aton("192.0.2.9") + socket.inet_aton(host)
        header = struct.pack("!BBHHHBBH", 0x45, 0, 0, 0, 0, 64, 1, 0) + ends
    else:
        ends = socket.inet_pton(family, "2001:db8::9") + socket.inet_pton(family, host)
        header = struct.pack("!IHBB", 6 << 28, len(message), 58, 64) + ends
    return struct.pack("!BBHI", kind, code, 0, 0) + header + message


@given(ECHOES, st.integers(0, 15))
def test_refusal(echo, code):
    """An error tells which packet it is about, and where that went, in both versions."""
    v4 = quote(socket.AF_INET, echo, "192.0.2.1", 3, code)
    assert read_refusal(socket.AF_INET, v4) == Refusal("192.0.2.1", echo, 3, code)
    v6 = quote(socket.AF_INET6, echo, "2001:db8::1", 1, code)
    assert read_refusal(socket.AF_INET6, v6) == Refusal("2001:db8::1", echo, 1, code)


@given(FAMILIES, ECHOES, st.integers(0, 80))
def test_cut_refusal(family, echo, length):
    """An error that quotes too little is about nothing, and one that cuts the token says less of it."""
    host, kind = ("192.0.2.1", 3) if family == socket.AF_INET else ("2001:db8::1", 1)
    whole = quote(family, echo, host, kind, 1)
    got = read_refusal(family, whole[:length])
    if length < len(whole) - 8:
        assert got is None
    else:
        assert got is not None
        assert echo.token.startswith(got.echo.token)


@given(FAMILIES, st.binary(max_size=120), st.integers(0, 130))
def test_noise(family, data, start):
    """Whatever arrives, reading it raises nothing."""
    read_echo(data, start)
    read_refusal(family, data, start)
    read_refusal(family, bytes([3 if family == socket.AF_INET else 1]) + data)
    assert header_length(data) >= 0


@given(FAMILIES, st.binary(min_size=1, max_size=120))
def test_others_are_not_ours(family, data):
    """An error about something else than an echo request is nobody's."""
    kind = 3 if family == socket.AF_INET else 1
    udp = bytearray(
        quote(family, Echo(1, 2, b"12345678"), "192.0.2.1" if kind == 3 else "::1", kind, 1)
    )
    udp[8 + (9 if kind == 3 else 6)] = 17
    assert read_refusal(family, bytes(udp) + data) is None


def run_filter(family: int, ident: int, packet: bytes) -> bool:
    """The filter's verdict, by the rules of classic BPF."""
    a = x = at = 0
    code = program(family, ident)
    while True:
        op, yes, no, k = code[at]
        at += 1
        if op == 0xB1:
            x = 4 * (packet[k] & 15)
        elif op == 0x01:
            x = k
        elif op in {0x50, 0x48}:
            size = 1 if op == 0x50 else 2
            if len(packet) < x + k + size:
                return False
            a = int.from_bytes(packet[x + k : x + k + size])
        elif op == 0x15:
            at += yes if a == k else no
        else:
            return k > 0


@given(FAMILIES, st.integers(0, 65535), st.integers(0, 65535), st.integers(0, 255))
def test_filter(family, ident, other, kind):
    """The filter lets through our replies and all errors, and nothing else."""
    header = b"\x46" + bytes(23) if family == socket.AF_INET else b""
    packet = header + struct.pack("!BBHHH", kind, 0, 0, other, 0)
    v4 = family == socket.AF_INET
    wanted = kind in ({3, 11, 12} if v4 else {1, 2, 3, 4}) or (
        kind == (0 if v4 else 129) and other == ident
    )
    assert run_filter(family, ident, packet) == wanted


def test_reasons():
    """Known errors have words, unknown ones their numbers, and the teller is named."""
    assert (
        icmp_reason(socket.AF_INET, 3, 13, "192.0.2.9")
        == "administratively prohibited, says 192.0.2.9"
    )
    assert icmp_reason(socket.AF_INET6, 1, 4) == "port unreachable"
    assert icmp_reason(socket.AF_INET, 3, 200) == "ICMP error of type 3, code 200"
    assert send_reason(OSError(101, "x")) == "this machine has no route to it"
    assert send_reason(OSError(12, "x")).startswith("cannot send: ")
