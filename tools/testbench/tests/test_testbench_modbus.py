"""The Modbus device of the bench: content, quirks, and what it tells about its clients."""

from __future__ import annotations

import socket
import struct

from orbital_testbench import Asked


def ask(sock: socket.socket, unit: int, function: int, address: int, count: int) -> bytes:
    """The answer's function code and data; empty where none comes."""
    sock.sendall(struct.pack(">HHHBBHH", 1, 0, 6, unit, function, address, count))
    try:
        return sock.recv(300)[7:]
    except TimeoutError:
        return b""


def connect(server) -> socket.socket:
    sock = socket.create_connection((server.host, server.port), timeout=5)
    sock.settimeout(0.3)
    return sock


def test_content_and_quirks(start_modbus):
    """All four tables; holes, limits, refusals and silence as its lines say."""
    server = start_modbus(
        ["holding 7 258", "input 9 772", "coil 1 1 0 1", "discrete 2 1", "hole holding 20 29", "most 50",
         "refuse 3 4", "dead 5"]
    )  # fmt: skip
    with connect(server) as sock:
        assert ask(sock, 1, 3, 7, 1) == b"\x03\x02\x01\x02"
        assert ask(sock, 1, 4, 9, 1) == b"\x04\x02\x03\x04"
        assert ask(sock, 1, 1, 1, 3) == b"\x01\x01\x05"
        assert ask(sock, 1, 2, 2, 1) == b"\x02\x01\x01"
        assert ask(sock, 1, 3, 15, 10) == b"\x83\x02"
        assert ask(sock, 1, 3, 10, 10) != b"\x83\x02"
        assert ask(sock, 1, 3, 100, 51) == b"\x83\x03"
        assert ask(sock, 3, 3, 7, 1) == b"\x83\x04"
        assert ask(sock, 5, 3, 7, 1) == b""
    assert server.asked[0] == Asked(1, 3, 7, 1)
    assert len(server.asked) == 9
    assert (server.connections, server.overlaps) == (1, 0)


def test_it_sees_two_requests_at_once(start_modbus):
    """Two clients that don't wait for each other are told apart from two that do."""
    server = start_modbus(["delay 50"])
    with connect(server) as one, connect(server) as two:
        for sock in (one, two):
            sock.sendall(struct.pack(">HHHBBHH", 1, 0, 6, 1, 3, 0, 1))
        for sock in (one, two):
            assert sock.recv(300)
    assert server.connections == 2
    assert server.overlaps == 1
