"""Messages encrypted and signed with a user's keys, and the reverse (RFC 3414 3.1 and 3.2)."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Protocol

from orbital_plugin_snmp.usm.message import ENCRYPTED, Security, decrypted, write_message
from orbital_plugin_snmp.wire.ber import OCTETS, WireError, tlv

if TYPE_CHECKING:
    from orbital_plugin_snmp.usm.message import Message
    from orbital_plugin_snmp.usm.user import Keys


class Authority(Protocol):
    """The engine whose id and clock a message has: the one that gets requests, or that sends traps."""

    id: bytes
    boots: int

    def now(self) -> int:
        """Its time in seconds."""
        ...


def sealed(
    authority: Authority, keys: Keys, user: bytes, *, flags: int, message_id: int, scoped: bytes
) -> bytes:
    """A message.

    Args:
        authority: Whose clock counts.
        keys: Of the user there; those that it has are used.
        user: Name.
        flags: Of the message.
        message_id: Comes back in the answer.
        scoped: The scoped PDU, whole and in clear.
    """
    boots, moment, salt = authority.boots, authority.now(), b""
    if keys.privacy is not None:
        encrypted, salt = keys.privacy.encrypt(scoped, boots, moment)
        scoped = tlv(OCTETS, encrypted)
    security = Security(authority.id, boots, moment, user, keys.size, salt)
    message, at = write_message(message_id, flags, security, scoped)
    if not keys.size:
        return message
    return b"".join((message[:at], keys.sign(message), message[at + keys.size :]))


def is_authentic(keys: Keys, message: Message, data: bytes) -> bool:
    """Whether a message, of these octets, is signed with these keys."""
    size, at = keys.size, message.signature_at
    if not size or len(message.signature) != size:
        return False
    blank = b"".join((data[:at], bytes(size), data[at + size : message.end]))
    return hmac.compare_digest(keys.sign(blank), message.signature)


def in_clear(keys: Keys, message: Message) -> bytes:
    """The content of its scoped PDU.

    Raises:
        WireError: The key is another, or the message was damaged.
    """
    if not message.flags & ENCRYPTED:
        return message.body
    if keys.privacy is None:
        raise WireError("an encrypted message of a user who has no key for that")
    return decrypted(keys.privacy, message)
