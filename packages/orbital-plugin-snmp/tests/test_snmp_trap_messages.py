"""Whatever arrives at a port that everybody can reach, the listener lives on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orbital_plugin_snmp.traps.metrics import REASONS
from orbital_plugin_snmp.traps.plugin import SnmpTrap
from orbital_plugin_snmp.traps.settings import TrapConfig
from orbital_plugin_snmp.wire.ber import integer, tlv

ENTERPRISE = bytes((0x2B, 6, 1, 4, 1, 0x86, 0x8D, 0x1F))
VARBIND = tlv(0x30, tlv(0x06, ENTERPRISE + b"\x01") + tlv(0x06, b"\x2b\x06"))
V1 = (
    tlv(0x06, ENTERPRISE) + tlv(0x40, bytes((192, 0, 2, 7))) + integer(6) + integer(1)
    + tlv(0x43, b"\x05") + tlv(0x30, VARBIND)
)  # fmt: skip
MESSAGE = tlv(0x30, integer(0) + tlv(0x04, b"public") + tlv(0xA4, V1))
RULE = {
    "metric": "acme_total",
    "trap": "1.3.6.1.4.1.99999.*",
    "labels": [{"label": "what", "varbind": "1.3.6.1.4.1.99999.1"}],
}


def plugin():
    return SnmpTrap(TrapConfig.model_validate({"rules": [RULE], "users": [{"username": "u"}]}))


def outcomes(one):
    return sum(one._drops[reason] for reason in REASONS), list(one._tally.samples(None))


def test_the_message_is_good():
    """Unchanged it counts, by its rule too."""
    one = plugin()
    one.take(MESSAGE, "127.0.0.1")
    dropped, samples = outcomes(one)
    assert (dropped, [value for _, value in samples]) == (0, [1.0, 1.0])
    assert samples[1][0].values == ("192.0.2.7", "1.3.6")


@given(st.binary(max_size=200))
def test_noise(data):
    """Octets of any kind are counted as what they are not."""
    one = plugin()
    assert one.take(data, "127.0.0.1") == b""
    assert outcomes(one) == (1, [])


@given(st.integers(0, len(MESSAGE) - 1), st.integers(0, 255))
def test_damage(at, octet):
    """A notification with any octet changed is told or counted as dropped, and never raises."""
    one = plugin()
    one.take(MESSAGE[:at] + bytes((octet,)) + MESSAGE[at + 1 :], "127.0.0.1")
    dropped, samples = outcomes(one)
    assert dropped or samples


@given(st.integers(0, len(MESSAGE) - 1))
def test_cuts(size):
    """Half a notification is none."""
    one = plugin()
    one.take(MESSAGE[:size], "127.0.0.1")
    assert outcomes(one) == (1, [])
