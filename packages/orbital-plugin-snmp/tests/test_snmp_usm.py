"""Keys, ciphers and names of SNMPv3, against the RFCs and pysnmp."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysnmp.proto import rfc1902
from pysnmp.proto.secmod.rfc3414 import service

from orbital_plugin_snmp.usm.algorithms import AUTH_NAMES, PRIV, PRIV_NAMES, plain
from orbital_plugin_snmp.usm.ciphers import privacy
from orbital_plugin_snmp.usm.keys import lengthened, localized, master_key
from orbital_plugin_snmp.usm.user import Keys, User
from orbital_plugin_snmp.wire.ber import WireError

ENGINE = bytes(11) + b"\x02"
"""Of the examples of RFC 3414 A.3."""
JUDGES: dict[str, Any] = {
    "AES192C": service.aes192.Aes192(),
    "AES256C": service.aes256.Aes256(),
    "3DES": service.des3.Des3(),
}
HASHES: dict[str, Any] = {"md5": service.hmacmd5.HmacMd5, "sha1": service.hmacsha.HmacSha}


@pytest.mark.parametrize(
    ("digest", "master", "local"),
    [
        ("md5", "9faf3283884e92834ebc9847d8edd963", "526f5eed9fcce26f8964c2930787d82b"),
        ("sha1", "9fb5cc0381497b3793528939ff788d5d79145211", "6695febc9288e36282235fc7151f128497b38f3f"),
    ],
)  # fmt: skip
def test_keys_of_rfc_3414(digest: str, master: str, local: str) -> None:
    """The examples of A.3.1 and A.3.2."""
    key = master_key(digest, b"maplesyrup")
    assert key.hex() == master
    assert localized(digest, key, ENGINE).hex() == local


@pytest.mark.parametrize("name", JUDGES)
@pytest.mark.parametrize("digest", HASHES)
def test_long_keys_are_lengthened_as_pysnmp_does(name: str, digest: str) -> None:
    """The extensions of Cisco's kind give the very keys that pysnmp makes."""
    judge, hashed = JUDGES[name], HASHES[digest].SERVICE_ID
    master = judge.hash_passphrase(hashed, b"maplesyrup")
    expected = judge.localize_key(hashed, master, rfc1902.OctetString(ENGINE))
    key = localized(digest, master_key(digest, b"maplesyrup"), ENGINE)
    ours = lengthened(digest, key, ENGINE, PRIV[name].key, reeder=True)
    assert ours == expected.asOctets()[: len(ours)]


@given(
    st.sampled_from(sorted(PRIV)),
    st.binary(max_size=300),
    st.integers(0, 2**31 - 1),
    st.integers(0, 2**31 - 1),
)
def test_what_is_encrypted_is_decrypted(name: str, data: bytes, boots: int, moment: int) -> None:
    """With every cipher; behind those of a block cipher there may be padding."""
    cipher = privacy(PRIV[name], bytes(range(PRIV[name].key)))
    encrypted, salt = cipher.encrypt(data, boots, moment)
    clear = cipher.decrypt(encrypted, salt, boots, moment)
    assert clear[: len(data)] == data
    assert len(clear) - len(data) < 8
    assert cipher.encrypt(data, boots, moment)[1] != salt  # never the same salt twice


@pytest.mark.parametrize("name", PRIV_NAMES)
def test_damaged_ciphertext_is_a_wire_error(name: str) -> None:
    """A salt of another size, and half a block, are refused by name."""
    cipher = privacy(PRIV[name], bytes(range(PRIV[name].key)))
    with pytest.raises(WireError):
        cipher.decrypt(bytes(16), b"short", 0, 0)
    if PRIV[name].cipher != "aes":
        with pytest.raises(WireError):
            cipher.decrypt(bytes(15), bytes(8), 0, 0)


@pytest.mark.parametrize(
    ("said", "meant"),
    [("sha", "SHA"), ("SHA-1", "SHA"), ("sha-256", "SHA256"), ("SHA2-512", "SHA512"), ("md5", "MD5"),
     ("aes-128", "AES"), ("AES", "AES"), ("aes256c", "AES256C"), ("3DES-EDE", "3DES"), ("hmacSHA", "SHA")],
)  # fmt: skip
def test_names_of_protocols(said: str, meant: str) -> None:
    """The spellings that people and other tools use."""
    assert plain(said) == meant
    assert meant in (*AUTH_NAMES, *PRIV_NAMES)


def test_passwords_show_nowhere() -> None:
    """A user's repr has no password in it, for logs and tracebacks."""
    user = User("joe", "SHA", b"auth-secret", "AES", b"priv-secret")
    assert "secret" not in repr(user)
    assert "secret" not in repr(vars(Keys(user, ENGINE)))
