"""A recorded walk in place of a device."""

from __future__ import annotations

import pytest

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.replay import RecordedSession
from orbital_plugin_snmp.walk_text import read_walk
from orbital_plugin_snmp.wire.smi import (
    COUNTER64,
    END_OF_MIB_VIEW,
    INTEGER,
    IP_ADDRESS,
    NO_SUCH_OBJECT,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    TIME_TICKS,
)
from orbital_sdk import ConfigurationError

WALK = """\
.1.3.6.1.2.1.1.1.0 = STRING: "two
lines, \\"quoted\\""
.1.3.6.1.2.1.1.2.0 = OID: .1.3.6.1.4.1.9
.1.3.6.1.2.1.1.3.0 = Timeticks: (123456) 0:20:34.56
.1.3.6.1.2.1.1.4.0 = ""
.1.3.6.1.2.1.2.2.1.3.1 = INTEGER: ethernetCsmacd(6)
.1.3.6.1.2.1.2.2.1.6.1 = Hex-STRING: 00 1B 21 0A
.1.3.6.1.2.1.4.20.1.1.10.0.0.1 = IpAddress: 10.0.0.1
.1.3.6.1.2.1.31.1.1.1.6.1 = Counter64: 5000000000
.1.3.6.1.2.1.31.1.1.1.7.1 = No Such Instance currently exists at this OID
"""


@pytest.fixture
def walk(tmp_path):
    file = tmp_path / "a.walk"
    file.write_text(WALK)
    return read_walk(file)


def test_every_type_is_read(walk):
    """As the wire would have them; what was not there is left out."""
    assert [(tag, value) for _, tag, value in walk] == [
        (OCTET_STRING, b'two\nlines, "quoted"'),
        (OBJECT_IDENTIFIER, oids.encode("1.3.6.1.4.1.9")),
        (TIME_TICKS, 123456),
        (OCTET_STRING, b""),
        (INTEGER, 6),
        (OCTET_STRING, b"\x00\x1b\x21\x0a"),
        (IP_ADDRESS, b"\x0a\x00\x00\x01"),
        (COUNTER64, 5_000_000_000),
    ]


async def test_it_answers_as_a_device_does(walk):
    """In the order of OIDs, with the exceptions of SNMPv2."""
    session = RecordedSession(walk)
    first, last = oids.encode("1.3.6.1.2.1.1.1.0"), oids.encode("1.3.6.1.2.1.31.1.1.1.6.1")
    missing = oids.encode("1.3.6.1.9.1")
    assert [tag for _, tag, _ in await session.get([first, missing], 0)] == [
        OCTET_STRING, NO_SUCH_OBJECT,
    ]  # fmt: skip
    assert [oids.text(name) for name, _, _ in await session.get_next([first], 0)] == [
        "1.3.6.1.2.1.1.2.0"
    ]
    ends = await session.bulk([last], 2, 0)
    assert [tag for _, tag, _ in ends] == [END_OF_MIB_VIEW] * 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sysDescr.0 = STRING: x\n", "has no line as `snmpwalk -On` prints them"),
        (".1.3.6.1.2.1.1.3.0 = Timeticks: soon\n", ":1: 'soon' has no number"),
        (".1.3.6.1.2.1.1.3.0 = Nonsense: 1\n", ":1: Nonsense is not a type of snmpwalk's"),
    ],
)
def test_what_is_no_walk_is_refused(tmp_path, text, words):
    """With its line."""
    file = tmp_path / "a.walk"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=r"a\.walk") as refused:
        read_walk(file)
    assert words in str(refused.value)
