"""Whatever arrives at a port that everybody can reach, the listener lives on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.traps.metrics import REASONS
from orbital_plugin_snmp.traps.notification import INFORM, TRAP_OID
from orbital_plugin_snmp.traps.own_engine import OwnEngine
from orbital_plugin_snmp.traps.plugin import SnmpTrap
from orbital_plugin_snmp.traps.settings import TrapConfig
from orbital_plugin_snmp.usm.message import REPORTABLE, scoped_pdu
from orbital_plugin_snmp.usm.sealing import sealed
from orbital_plugin_snmp.usm.user import Keys
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
SECRET = {"username": "s", "auth_password": "12345678", "priv_password": "12345678"}
ENGINE = OwnEngine(b"our engine", 3, clock=lambda: 0.0)
"""Its time stands still: `SIGNED` is as fresh at the last test as at the first."""


def plugin():
    users = [{"username": "u"}, SECRET]
    one = SnmpTrap(TrapConfig.model_validate({"rules": [RULE], "users": users}))
    one._messages.be(ENGINE)
    return one


def inform():
    """An encrypted inform for our engine."""
    user = plugin().config.users[1].user()
    trap = tlv(0x30, tlv(0x06, TRAP_OID) + tlv(0x06, oids.encode("1.3.6.1.6.3.1.1.5.4")))
    pdu = tlv(INFORM, integer(7) + integer(0) + integer(0) + tlv(0x30, trap))
    scoped = scoped_pdu(ENGINE.id, b"", pdu)
    flags, keys = user.flags | REPORTABLE, Keys(user, ENGINE.id)
    return sealed(ENGINE, keys, b"s", flags=flags, message_id=9, scoped=scoped)


SIGNED = inform()


def answers(one, data):
    """What a sender of this is answered."""
    said = []
    one.take(data, "127.0.0.1", said.append)
    return b"".join(said)


def outcomes(one):
    return sum(one._drops[reason] for reason in REASONS), list(one._tally.samples(None))


def test_the_message_is_good():
    """Unchanged it counts, by its rule too."""
    one = plugin()
    answers(one, MESSAGE)
    dropped, samples = outcomes(one)
    assert (dropped, [value for _, value in samples]) == (0, [1.0, 1.0])
    assert samples[1][0].values == ("192.0.2.7", "1.3.6")


@given(st.binary(max_size=200))
def test_noise(data):
    """Octets of any kind are counted as what they are not."""
    one = plugin()
    assert answers(one, data) == b""
    assert outcomes(one) == (1, [])


@given(st.integers(0, len(MESSAGE) - 1), st.integers(0, 255))
def test_damage(at, octet):
    """A notification with any octet changed is told or counted as dropped, and never raises."""
    one = plugin()
    answers(one, MESSAGE[:at] + bytes((octet,)) + MESSAGE[at + 1 :])
    dropped, samples = outcomes(one)
    assert dropped or samples


@given(st.integers(0, len(MESSAGE) - 1))
def test_cuts(size):
    """Half a notification is none."""
    one = plugin()
    answers(one, MESSAGE[:size])
    assert outcomes(one) == (1, [])


def test_an_inform_of_v3():
    """Unchanged it counts, and is answered."""
    one = plugin()
    assert answers(one, SIGNED)
    assert outcomes(one)[0] == 0
    assert [value for _, value in outcomes(one)[1]] == [1.0]


@given(st.integers(0, len(SIGNED) - 1), st.integers(1, 255))
def test_damage_to_what_is_signed(at, bits):
    """Not one octet of a signed message may be another: it is dropped, under a name, without an answer."""
    one = plugin()
    changed = SIGNED[:at] + bytes((SIGNED[at] ^ bits,)) + SIGNED[at + 1 :]
    assert answers(one, changed) == b""
    assert outcomes(one) == (1, [])
