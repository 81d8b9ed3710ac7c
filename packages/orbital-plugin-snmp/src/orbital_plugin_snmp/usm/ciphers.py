"""Encryption of scoped PDUs: AES in CFB (RFC 3826), DES (RFC 3414 8) and triple DES in CBC."""

from __future__ import annotations

from itertools import count
from secrets import randbits
from struct import Struct
from typing import TYPE_CHECKING, Final, Protocol

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from orbital_plugin_snmp.wire.ber import WireError

if TYPE_CHECKING:
    from orbital_plugin_snmp.usm.algorithms import Priv

SALT: Final = 8
_BLOCK: Final = 8
_CLOCK = Struct(">II")


class Privacy(Protocol):
    """A cipher with a device's key."""

    def encrypt(self, data: bytes, boots: int, moment: int) -> tuple[bytes, bytes]:
        """Encrypted octets, and the salt that goes with them."""
        ...

    def decrypt(self, data: bytes, salt: bytes, boots: int, moment: int) -> bytes:
        """Octets in clear; behind those of a block cipher some may be padding.

        Raises:
            WireError: It cannot have been encrypted so.
        """
        ...


class AesPrivacy:
    """AES with 128, 192 or 256 bits."""

    def __init__(self, key: bytes) -> None:
        self._algorithm = AES(key)
        self._salt = count(randbits(64))

    def encrypt(self, data: bytes, boots: int, moment: int) -> tuple[bytes, bytes]:
        """As `Privacy.encrypt`."""
        salt = (next(self._salt) & 0xFFFFFFFFFFFFFFFF).to_bytes(SALT, "big")
        vector = CFB(_CLOCK.pack(boots, moment) + salt)
        return Cipher(self._algorithm, vector).encryptor().update(data), salt

    def decrypt(self, data: bytes, salt: bytes, boots: int, moment: int) -> bytes:
        """As `Privacy.decrypt`."""
        _check_salt(salt)
        vector = CFB(_CLOCK.pack(boots, moment) + salt)
        return Cipher(self._algorithm, vector).decryptor().update(data)


class DesPrivacy:
    """DES, once or three times: the last 8 octets of the key are mixed with the salt.

    A single DES is a triple one with three equal keys.
    """

    def __init__(self, key: bytes) -> None:
        self._algorithm = TripleDES(key[:-8] * (3 if len(key) == 16 else 1))
        self._mixer = int.from_bytes(key[-8:], "big")
        self._salt = count(randbits(32))

    def encrypt(self, data: bytes, boots: int, moment: int) -> tuple[bytes, bytes]:
        """As `Privacy.encrypt`."""
        del moment
        salt = _CLOCK.pack(boots & 0xFFFFFFFF, next(self._salt) & 0xFFFFFFFF)
        padded = data + bytes(-len(data) % _BLOCK)
        return self._cipher(salt).encryptor().update(padded), salt

    def decrypt(self, data: bytes, salt: bytes, boots: int, moment: int) -> bytes:
        """As `Privacy.decrypt`."""
        del boots, moment
        _check_salt(salt)
        if len(data) % _BLOCK:
            raise WireError(f"{len(data)} encrypted octets are not whole blocks")
        return self._cipher(salt).decryptor().update(data)

    def _cipher(self, salt: bytes) -> Cipher[CBC]:
        vector = self._mixer ^ int.from_bytes(salt, "big")
        return Cipher(self._algorithm, CBC(vector.to_bytes(_BLOCK, "big")))


def privacy(protocol: Priv, key: bytes) -> Privacy:
    """The cipher of a protocol with a localized key of its size."""
    return AesPrivacy(key) if protocol.cipher == "aes" else DesPrivacy(key)


def _check_salt(salt: bytes) -> None:
    if len(salt) != SALT:
        raise WireError(f"privacy parameters of {len(salt)} octets")
