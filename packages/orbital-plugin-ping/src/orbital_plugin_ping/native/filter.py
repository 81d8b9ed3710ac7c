"""A filter for raw ICMP sockets (socket(7), `SO_ATTACH_FILTER`), which see all of the machine's ICMP else."""

from __future__ import annotations

import socket
import struct
from array import array
from typing import Final

from orbital_plugin_ping.native.packet import ERRORS, REPLY

SO_ATTACH_FILTER: Final = 26
LOAD_HEADER_LENGTH: Final = 0xB1  # X = 4 * (packet[k] & 15)
LOAD_X: Final = 0x01  # X = k
LOAD_BYTE: Final = 0x50  # A = packet[X + k]
LOAD_HALF: Final = 0x48
JUMP_EQUAL: Final = 0x15
RETURN: Final = 0x06

Instruction = tuple[int, int, int, int]


def program(family: int, ident: int) -> list[Instruction]:
    """Lets through echo replies with our identifier, and all ICMP errors."""
    start = (
        LOAD_HEADER_LENGTH if family == socket.AF_INET else LOAD_X
    )  # IPv6 raw sockets see no IP header
    errors = sorted(ERRORS[family])
    keep, drop = 5 + len(errors), 6 + len(errors)
    return [
        (start, 0, 0, 0),
        (LOAD_BYTE, 0, 0, 0),
        (JUMP_EQUAL, 0, 2, REPLY[family]),
        (LOAD_HALF, 0, 0, 4),
        (JUMP_EQUAL, keep - 5, drop - 5, ident),
        *[(JUMP_EQUAL, keep - at - 1, int(at == keep - 1), kind) for at, kind in enumerate(errors, 5)],
        (RETURN, 0, 0, 0xFFFFFFFF),
        (RETURN, 0, 0, 0),
    ]  # fmt: skip


def attach(sock: socket.socket, ident: int) -> None:
    """Attach it.

    Raises:
        OSError: The kernel refuses.
    """
    code = [struct.pack("HBBI", *instruction) for instruction in program(sock.family, ident)]
    block = array("B", b"".join(code))
    pointer, _ = block.buffer_info()
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", len(code), pointer))
