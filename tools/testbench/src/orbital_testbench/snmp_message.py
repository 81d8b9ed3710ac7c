"""v2c messages as a test wants them: taken apart, and answered with anything. Independent of our codec."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

RESPONSE: Final = 0xA2
GET: Final = 0xA0
GET_NEXT: Final = 0xA1
GET_BULK: Final = 0xA5


def tlv(tag: int, content: bytes) -> bytes:
    """Tag, length and content."""
    size = len(content)
    if size < 128:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 128 + len(octets))) + octets + content


def number(value: int, tag: int = 2) -> bytes:
    """A whole INTEGER, or another number."""
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def oid(text: str) -> bytes:
    """A whole OID."""
    first, second, *rest = map(int, text.split("."))
    out = bytearray()
    for part in (first * 40 + second, *rest):
        groups = [part & 127]
        while part := part >> 7:
            groups.append(part & 127 | 128)
        out += bytes(reversed(groups))
    return tlv(6, bytes(out))


def varbind(name: str, value: bytes) -> bytes:
    """A varbind; `value` is whole, with tag and length."""
    return tlv(0x30, oid(name) + value)


@dataclass(frozen=True, slots=True)
class SnmpRequest:
    """A request of v1 or v2c."""

    version: int
    community: bytes
    kind: int
    request_id: int
    non_repeaters: int
    repetitions: int
    oids: tuple[str, ...]

    def answer(
        self, *varbinds: bytes, status: int = 0, index: int = 0, request_id: int | None = None
    ) -> bytes:
        """A response to it."""
        asked = self.request_id if request_id is None else request_id
        pdu = number(asked) + number(status) + number(index) + tlv(0x30, b"".join(varbinds))
        head = number(self.version) + tlv(4, self.community)
        return tlv(0x30, head + tlv(RESPONSE, pdu))


def read_request(data: bytes) -> SnmpRequest:
    """Take a well-formed request apart."""
    (message,) = _parts(data)
    version, community, pdu = _parts(message[1])
    request_id, first, second, names = _parts(pdu[1])
    oids = [_parts(each[1])[0][1] for each in _parts(names[1])]
    return SnmpRequest(
        _number(version[1]), community[1], pdu[0], _number(request_id[1]), _number(first[1]),
        _number(second[1]), tuple(map(_text, oids)),
    )  # fmt: skip


def _parts(data: bytes) -> list[tuple[int, bytes]]:
    parts: list[tuple[int, bytes]] = []
    at = 0
    while at < len(data):
        tag, size = data[at], data[at + 1]
        at += 2
        if size >= 128:
            octets = size - 128
            size, at = int.from_bytes(data[at : at + octets], "big"), at + octets
        parts.append((tag, data[at : at + size]))
        at += size
    return parts


def _number(content: bytes) -> int:
    return int.from_bytes(content, "big", signed=True)


def _text(content: bytes) -> str:
    numbers, value = list[int](), 0
    for octet in content:
        value = value << 7 | octet & 127
        if octet < 128:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))
