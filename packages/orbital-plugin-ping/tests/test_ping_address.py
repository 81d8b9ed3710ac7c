"""Addresses, of names and by themselves."""

from __future__ import annotations

import socket

import pytest

from orbital_plugin_ping.address import Address, families_of, look_up, numeric

HOME = Address(socket.AF_INET, "127.0.0.1", ("127.0.0.1", 0))


async def test_real_name():
    """A name in the system's own tables resolves, in the version asked for."""
    assert HOME in await look_up("localhost")
    found = await look_up("localhost", family=socket.AF_INET)
    assert {address.version for address in found} == {4}


@pytest.mark.parametrize(
    ("host", "version", "text"),
    [
        ("192.0.2.1", 4, "192.0.2.1"),
        ("2001:DB8:0:0::1", 6, "2001:db8::1"),
        ("::ffff:192.0.2.1", 4, "192.0.2.1"),
        ("fe80::1%1", 6, "fe80::1"),
    ],
)
def test_numeric(host, version, text):
    """An address needs no resolver, and is written as the kernel writes it."""
    address = numeric(host)
    assert address is not None
    assert (address.version, address.text) == (version, text)


def test_zone():
    """The zone of a link-local address goes to the socket."""
    address = numeric("fe80::1%1")
    assert address is not None
    assert address.sockaddr == ("fe80::1", 0, 0, 1)
    assert numeric("fe80::1%nosuchinterface") is None


def test_name_is_not_numeric():
    """A name is looked up, whatever it looks like."""
    assert numeric("localhost") is None


def test_hash():
    """The address hash is FNV-1a, as blackbox_exporter's (its value for 127.0.0.1)."""
    assert HOME.fingerprint == 3668918509.0


def test_families():
    """Version and source address narrow down where packets can go."""
    assert {int(f) for f in families_of("auto")} == {socket.AF_INET, socket.AF_INET6}
    assert families_of(4) == {socket.AF_INET}
    assert families_of("auto", "2001:db8::1") == {socket.AF_INET6}
    assert families_of(6, "192.0.2.1") == frozenset()
