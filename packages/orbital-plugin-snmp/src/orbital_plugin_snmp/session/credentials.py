"""A device's fields as a session of ours wants them."""

from __future__ import annotations

from hashlib import blake2s
from typing import TYPE_CHECKING

from orbital_plugin_snmp.engines.fast import CommunitySession
from orbital_plugin_snmp.engines.usm import UserSession
from orbital_plugin_snmp.usm.user import User
from orbital_plugin_snmp.wire.community import V1, V2C

if TYPE_CHECKING:
    from pydantic import SecretStr

    from orbital_plugin_snmp.device import SnmpDevice
    from orbital_plugin_snmp.engines.attempts import Patience
    from orbital_plugin_snmp.engines.link import Link
    from orbital_plugin_snmp.engines.port import Session


def fast_session(device: SnmpDevice, patience: Patience, link: Link) -> Session:
    """A session with our own codec over a link, which it closes with itself."""
    if device.version == "3":
        return UserSession(link, user_of(device), patience)
    version = V1 if device.version == "1" else V2C
    community = community_of(device)
    return CommunitySession(link, version, community, patience)


def community_of(device: SnmpDevice) -> bytes:
    """Of v1 and v2c."""
    return b"public" if device.community is None else _octets(device.community)


def user_of(device: SnmpDevice) -> User:
    """Of v3, with what its level leaves of the passwords."""
    level = device.level
    auth, priv = level != "noAuthNoPriv", level == "authPriv"
    return User(
        name=device.username,
        auth=(device.auth_protocol or "SHA") if auth else "",
        auth_password=_octets(device.auth_password) if auth else b"",
        priv=(device.priv_protocol or "AES") if priv else "",
        priv_password=_octets(device.priv_password) if priv else b"",
        context=device.context,
    )


def view_of(device: SnmpDevice) -> str:
    """Name of what a device shows: others may ask for less, or for another context, at the same address.

    It goes into a file, so of a community there is not enough in it to guess that from.
    """
    who = [device.transport, device.version]
    who += [device.username, device.level, device.context] if device.version == "3" else []
    community = b"" if device.version == "3" else community_of(device)
    digest = blake2s("\0".join(who).encode() + b"\0" + community, digest_size=4)
    return f"{device.host}:{device.port} {digest.hexdigest()}"


def _octets(secret: SecretStr | None) -> bytes:
    return b"" if secret is None else secret.get_secret_value().encode()
