"""What people type for a device."""

from __future__ import annotations

import pytest

from orbital_sdk.address import is_loopback, public_address, split_address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("switch", "switch", None),
        ("192.0.2.1:502", "192.0.2.1", 502),
        ("switch.example.net:1", "switch.example.net", 1),
        ("2001:db8::1", "2001:db8::1", None),
        ("fe80::1%eth0", "fe80::1%eth0", None),
        ("[2001:db8::1]", "2001:db8::1", None),
        ("[fe80::1%eth0]:65535", "fe80::1%eth0", 65535),
    ],
)
def test_host_and_port(text, host, port):
    """Names and addresses; IPv6 in brackets where a port follows."""
    assert split_address(text) == (host, port)


@pytest.mark.parametrize(
    "text",
    [
        "a:",
        "a:0",
        "a:65536",
        "a:x",
        "a:+1",
        "a:\u0661",
        "a:" + "9" * 5000,
        "[::1",
        "[::1]502",
        "[a]:1",
        "[]:1",
    ],
)
def test_what_is_none(text):
    """Said with what would be right."""
    with pytest.raises(ValueError, match=r"1 to 65535|\[2001:db8::1\]:502"):
        split_address(text)


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [("127.0.0.1", True), ("127.8.0.1", True), ("::1", True), ("::1%lo", True), ("localhost", True),
     ("10.0.0.1", False), ("::", False), ("localhost.example", False), ("", False)],
)  # fmt: skip
def test_what_is_this_machine_is_known_without_asking(host, is_ours):
    """Addresses by their range; of names only the one that is reserved for it."""
    assert is_loopback(host) is is_ours


@pytest.mark.parametrize(
    ("url", "shown"),
    [("https://u:p@host:1/w?key=k#f", "https://host:1/w"), ("http://[::1]:9/", "http://[::1]:9/"),
     ("http://host", "http://host"), ("core.example.com", "core.example.com"), ("", "")],
)  # fmt: skip
def test_what_of_an_address_people_may_see(url, shown):
    """No user, no password, no query, no fragment."""
    assert public_address(url) == shown
