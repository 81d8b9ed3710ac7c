"""A name server (RFC 1035, over UDP) that answers as it is told, late or never, and remembers who asked."""

from __future__ import annotations

import ipaddress
import socket
import struct
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from orbital_testbench.ports import LOOPBACK

if TYPE_CHECKING:
    from pathlib import Path

OK, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
"""Response codes."""
TYPES: Final = {1: 4, 28: 6}
"""A and AAAA, and the IP versions of their addresses."""
_HEAD: Final = struct.Struct(">6H")
_QUESTION: Final = struct.Struct(">HH")


@dataclass(frozen=True, slots=True)
class Name:
    """What is answered about one name."""

    addresses: tuple[str, ...] = ()
    ttl: int = 60
    code: int = OK
    after: float | None = 0.0
    """Seconds until the answer; None is never."""


UNKNOWN: Final = Name(code=NXDOMAIN)
SILENCE: Final = Name(after=None)


class NameServer:
    """Answers by `names`, and by `default` about all others.

    Args:
        host: Address to listen on.
        port: 0 takes a free one.
    """

    def __init__(self, host: str = LOOPBACK, port: int = 0) -> None:
        self.names: dict[str, Name] = {}
        self.default = UNKNOWN
        self._asked: list[tuple[str, int]] = []
        self._changed = threading.Condition()
        self._late: set[threading.Timer] = set()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, port))
        self._thread = threading.Thread(target=self._serve, name="name server", daemon=True)

    @property
    def place(self) -> str:
        """As resolv.conf names it: without a port where that is the usual one, which glibc expects."""
        host, port = self._socket.getsockname()
        return host if port == 53 else f"{host}:{port}"

    def resolv_conf(self, path: Path, *more: str) -> Path:
        """Write a resolv.conf that names this server, and the lines `more`."""
        path.write_text("\n".join([f"nameserver {self.place}", *more, ""]))
        return path

    def asked(self, name: str) -> int:
        """How often for an IPv4 address of `name`."""
        with self._changed:
            return self._asked.count((name, 4))

    def wait_until_asked(self, name: str, times: int = 1, timeout: float = 30) -> None:
        """Return as soon as so many questions for an IPv4 address of `name` came.

        Raises:
            AssertionError: They did not come in time.
        """
        with self._changed:
            came = self._changed.wait_for(lambda: self._asked.count((name, 4)) >= times, timeout)
        if not came:
            raise AssertionError(f"{self.asked(name)} of {times} questions for {name}")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join(10)
        for timer in tuple(self._late):
            timer.cancel()
        self._socket.close()

    def _serve(self) -> None:
        while (received := self._socket.recvfrom(4096))[0]:
            question, client = received
            name, kind, end = _question(question)
            with self._changed:
                self._asked.append((name, TYPES.get(kind, 0)))
                self._changed.notify_all()
            known = self.names.get(name, self.default)
            answer = _answer(question, end, known, TYPES.get(kind))
            if known.after == 0:
                self._socket.sendto(answer, client)
            elif known.after is not None:
                self._answer_late(known.after, answer, client)

    def _answer_late(self, seconds: float, answer: bytes, client: tuple[str, int]) -> None:
        timer = threading.Timer(seconds, self._socket.sendto, (answer, client))
        timer.daemon = True
        self._late.add(timer)
        timer.start()


def _question(message: bytes) -> tuple[str, int, int]:
    """Name, type, and where the question ends."""
    labels: list[str] = []
    at = _HEAD.size
    while size := message[at]:
        labels.append(message[at + 1 : at + 1 + size].decode("ascii"))
        at += 1 + size
    kind, _ = _QUESTION.unpack_from(message, at + 1)
    return ".".join(labels).lower(), kind, at + 1 + _QUESTION.size


def _answer(question: bytes, end: int, known: Name, version: int | None) -> bytes:
    addresses = [ipaddress.ip_address(address) for address in known.addresses]
    wanted = [address.packed for address in addresses if address.version == version]
    number, *_ = _HEAD.unpack_from(question)
    head = _HEAD.pack(number, 0x8180 | known.code, 1, len(wanted), 0, 0)
    kind = {4: 1, 16: 28}
    records = [
        struct.pack(">HHHIH", 0xC00C, kind[len(data)], 1, known.ttl, len(data)) + data
        for data in wanted
    ]
    return b"".join([head, question[_HEAD.size : end], *records])
