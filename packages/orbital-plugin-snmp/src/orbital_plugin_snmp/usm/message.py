"""Messages of SNMPv3 (RFC 3412 6) with the parameters of USM (RFC 3414 2.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_plugin_snmp.wire.ber import (
    OCTETS,
    SEQUENCE,
    WireError,
    expect,
    integer,
    length,
    read_integer,
    tlv,
)
from orbital_plugin_snmp.wire.community import V3
from orbital_plugin_snmp.wire.pdu import Pdu, read_pdu
from orbital_plugin_snmp.wire.varbinds import read_varbinds

if TYPE_CHECKING:
    from orbital_plugin_snmp.usm.ciphers import Privacy
    from orbital_plugin_snmp.wire.pdu import Reading

AUTHENTICATED: Final = 1
ENCRYPTED: Final = 2
REPORTABLE: Final = 4
LARGEST: Final = 65507
"""Octets of a message that we take: what one UDP datagram holds."""
_VERSION: Final = integer(V3)
_MODEL: Final = integer(3)
_SIZE: Final = integer(LARGEST)


class Message(NamedTuple):
    """A message as it came, signature and encryption still on it."""

    message_id: int
    flags: int
    engine_id: bytes
    boots: int
    time: int
    user: bytes
    signature: bytes
    salt: bytes
    signature_at: int
    """Where the signature begins in the message."""
    end: int
    """Where the message ends: devices may pad it."""
    body: bytes
    """Scoped PDU: content of its sequence, or of the octets that encrypt it."""


class Security(NamedTuple):
    """What USM puts into a request."""

    engine_id: bytes
    boots: int
    time: int
    user: bytes
    signature: int
    """Octets to leave zero for the signature."""
    salt: bytes


def write_message(
    message_id: int, flags: int, security: Security, scoped: bytes
) -> tuple[bytes, int]:
    """A request with room for its signature.

    Args:
        message_id: Comes back in the answer.
        flags: AUTHENTICATED and so on.
        security: Of USM.
        scoped: The scoped PDU, whole; or the octets that encrypt it, whole.

    Returns:
        The message, and where its signature belongs.
    """
    engine_id, boots, moment, user, signature, salt = security
    before = tlv(OCTETS, engine_id) + integer(boots) + integer(moment) + tlv(OCTETS, user)
    before += bytes((OCTETS, signature))
    after = bytes(signature) + tlv(OCTETS, salt)
    inner = length(len(before) + len(after))
    model = b"\x30" + inner + before
    head = tlv(SEQUENCE, integer(message_id) + _SIZE + bytes((OCTETS, 1, flags)) + _MODEL)
    front = _VERSION + head + b"\x04" + length(len(model) + len(after)) + model
    size = length(len(front) + len(after) + len(scoped))
    return b"".join((b"\x30", size, front, after, scoped)), 1 + len(size) + len(front)


def scoped_pdu(engine_id: bytes, context: bytes, pdu: bytes) -> bytes:
    """A PDU with the engine and the context that it is for."""
    return tlv(SEQUENCE, tlv(OCTETS, engine_id) + tlv(OCTETS, context) + pdu)


def read_scoped(body: bytes, read: Reading = read_varbinds) -> Pdu:
    """The PDU in the content of a scoped one; `read` reads its varbinds."""
    _, at = expect(body, 0, len(body), OCTETS, "context engine id")
    _, at = expect(body, at, len(body), OCTETS, "context name")
    return read_pdu(body, at, len(body), read)


def decrypted(privacy: Privacy, message: Message) -> bytes:
    """Content of the scoped PDU in an encrypted message.

    Raises:
        WireError: The key is another, or the message was damaged.
    """
    clear = privacy.decrypt(message.body, message.salt, message.boots, message.time)
    begin, end = expect(clear, 0, len(clear), SEQUENCE, "scoped PDU after decryption")
    return clear[begin:end]


def read_message(data: bytes) -> Message:
    """A message of v3 with USM.

    Raises:
        WireError: It is none.
    """
    begin, end = expect(data, 0, len(data), SEQUENCE, "message")
    _, at = read_integer(data, begin, end, "version")
    head, at = expect(data, at, end, SEQUENCE, "header of v3")
    message_id, head = read_integer(data, head, at, "message id")
    _, head = read_integer(data, head, at, "largest size")
    flag, head = expect(data, head, at, OCTETS, "flags")
    if head - flag != 1:
        raise WireError("flags of another size than one octet")
    model, _ = read_integer(data, head, at, "security model")
    if model != 3:
        raise WireError(f"security model {model}, which is not USM")
    usm, at = expect(data, at, end, OCTETS, "security parameters")
    usm, stop = expect(data, usm, at, SEQUENCE, "USM parameters")
    engine, usm = expect(data, usm, stop, OCTETS, "engine id")
    engine_id = data[engine:usm]
    boots, usm = read_integer(data, usm, stop, "engine boots")
    moment, usm = read_integer(data, usm, stop, "engine time")
    user, user_end = expect(data, usm, stop, OCTETS, "user")
    sign, sign_end = expect(data, user_end, stop, OCTETS, "signature")
    salt, salt_end = expect(data, sign_end, stop, OCTETS, "salt")
    if not (0 <= boots < 1 << 31 and 0 <= moment < 1 << 31):
        raise WireError("engine boots or time below zero or above 31 bits")
    flags = data[flag]
    tag, what = (OCTETS, "encrypted PDU") if flags & ENCRYPTED else (SEQUENCE, "scoped PDU")
    body, body_end = expect(data, at, end, tag, what)
    return Message(
        message_id, flags, engine_id, boots, moment, data[user:user_end], data[sign:sign_end],
        data[salt:salt_end], sign, end, data[body:body_end],
    )  # fmt: skip
