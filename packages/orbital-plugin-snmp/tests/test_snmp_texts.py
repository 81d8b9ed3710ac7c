"""Values and indexes as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.profiles.models import Index
from orbital_plugin_snmp.tables.hints import decimals, written
from orbital_plugin_snmp.tables.index import WrongIndexError, cut
from orbital_plugin_snmp.tables.texts import LONGEST, text_of
from orbital_plugin_snmp.tables.times import date_and_time, ntp, parsed

STRING, OID, ADDRESS = 4, 6, 0x40


@pytest.mark.parametrize(
    ("value", "tag", "kind", "text"),
    [
        (b"eth0", STRING, "DisplayString", "eth0"),
        (b"eth0\0\0", STRING, "DisplayString", "eth0"),
        (b"caf\xc3\xa9", STRING, "DisplayString", "café"),
        (b"caf\xe9", STRING, "DisplayString", "caf\ufffd"),
        (b"a\x01b", STRING, "DisplayString", "a\ufffdb"),
        (b"", STRING, "DisplayString", ""),
        (b"\x0a\x1b", STRING, "OctetString", "0x0A1B"),
        (b"\x00\x1b\x21\x3c\x9d\xf8", STRING, "PhysAddress48", "00:1B:21:3C:9D:F8"),
        (bytes((192, 0, 2, 1)), ADDRESS, "DisplayString", "192.0.2.1"),
        (bytes((192, 0, 2, 1)), STRING, "InetAddress", "192.0.2.1"),
        (bytes(15) + b"\1", STRING, "InetAddress", "0000:0000:0000:0000:0000:0000:0000:0001"),
        (bytes((192, 0, 2, 1, 0, 0, 0, 7)), STRING, "InetAddress", "192.0.2.1%7"),
        (bytes(3), STRING, "InetAddressIPv4", "0x000000"),
        (oids.encode("1.3.6.1.4.1.9"), OID, "DisplayString", "1.3.6.1.4.1.9"),
        (b"\x80", OID, "DisplayString", "0x80"),
        (b"", OID, "DisplayString", ""),
        (float("inf"), 0x9F78, "gauge", "inf"),
        (7, 2, "gauge", "7"),
        (2**64 - 1, 0x46, "gauge", "18446744073709551615"),
        (0.5, 0x9F78, "gauge", "0.5"),
        (None, 5, "gauge", ""),
    ],
)
def test_text(value, tag, kind, text):
    """Each kind of value is written as snmp_exporter's users know it."""
    assert text_of(value, tag, kind) == text


def test_enum_and_bits():
    """Numbers have their enum's names, unknown ones stay numbers; of BITS the set ones are named."""
    assert text_of(1, 2, "Enum", {1: "up"}) == "up"
    assert text_of(9, 2, "Enum", {1: "up"}) == "9"
    assert text_of(b"\xa0", STRING, "Bits", {0: "a", 1: "b", 2: "c", 9: "d"}) == "a,c"


@given(st.binary(max_size=70_000))
def test_any_octets(value):
    """Whatever a device sends, 64 kB of binary included, is text that UTF-8 can carry, and not too long."""
    for kind in ("DisplayString", "OctetString", "PhysAddress48", "InetAddress", "Bits"):
        text = text_of(value, STRING, kind)
        assert len(text.encode()) <= LONGEST
        assert "\0" not in text


@pytest.mark.parametrize(
    ("value", "hint", "text"),
    [
        (b"\x00\x1b\x21", "1x:", "00:1b:21"),
        (bytes((192, 0, 2, 1)), "1d.1d.1d.1d", "192.0.2.1"),
        (bytes((7, 226, 8, 15, 8, 1, 15, 0)), "2d-1d-1d,1d:1d:1d.1d", "2018-8-15,8:1:15.0"),
        (b"text", "255a", "text"),
        (b"t\xc3\xa9", "255t", "té"),
        (b"\x02ab\x03", "*1a:/1d", "a:b/3"),
        (b"", "1x:", ""),
    ],
)
def test_hints(value, hint, text):
    """DISPLAY-HINT of octets (RFC 2579 3.1)."""
    assert written(value, hint) == text


def test_hint_of_numbers():
    """`d-2` puts the point before the last two digits."""
    assert (decimals("d-2"), decimals("d"), decimals("")) == (0.01, 1.0, 1.0)


def test_moments():
    """Times of day become seconds since 1970; what is not a date becomes nothing."""
    local = bytes.fromhex("07e2080f08010f00")
    assert date_and_time(local) == 1534320075
    assert date_and_time(local + b"+\x05\x1e") == 1534320075 - 19800
    assert date_and_time(local + b"-\x00\x1e") == 1534320075 + 1800
    assert date_and_time(b"2018-8-15,8:1:15.0") == 1534320075
    assert date_and_time(b"2018-8-15,8:1:15.0,+5:30") == 1534320075 - 19800
    assert date_and_time(b"2018-8-15,8:1:15.43,\x08") == 1534320075.4
    assert date_and_time(b"99999-8-15,8:1:999.0") is None
    assert date_and_time(bytes(8)) is None
    assert date_and_time(b"soon") is None
    assert ntp((2208988800 + 5).to_bytes(4, "big") + b"\x80\0\0\0") == 5.5
    assert ntp(bytes(8)) is None
    assert parsed("2018-08-15", "%Y-%m-%d") == 1534291200
    assert parsed("soon", "%Y-%m-%d") is None


@pytest.mark.parametrize(
    ("index", "parts", "texts"),
    [
        ("7", [{"label": "a"}], ["7"]),
        ("7.9", [{"label": "a"}, {"label": "b"}], ["7", "9"]),
        ("3.101.116.104", [{"label": "a", "type": "DisplayString"}], ["eth"]),
        ("101.116.104", [{"label": "a", "type": "DisplayString", "implied": True}], ["eth"]),
        ("101.116.4", [{"label": "a", "type": "DisplayString", "size": 2}, {"label": "b"}], ["et", "4"]),
        ("0.27.33.60.157.248", [{"label": "a", "type": "PhysAddress48"}], ["00:1B:21:3C:9D:F8"]),
        ("192.0.2.1", [{"label": "a", "type": "InetAddressIPv4"}], ["192.0.2.1"]),
        ("1.4.192.0.2.1.9", [{"label": "a", "type": "InetAddress"}, {"label": "b"}], ["192.0.2.1", "9"]),
        ("1.192.0.2.1", [{"label": "a", "type": "InetAddressMissingSize"}], ["192.0.2.1"]),
        ("2.1.3.7", [{"label": "a", "type": "ObjectIdentifier"}, {"label": "b"}], ["1.3", "7"]),
        ("1", [{"label": "a", "enum": {1: "ipv4"}}], ["ipv4"]),
        ("7.0", [{"label": "a"}], ["7"]),
    ],
)  # fmt: skip
def test_index(index, parts, texts):
    """Composite, string, MAC, address and OID indexes; fixed and implied lengths (RFC 2578 7.7)."""
    numbers = tuple(map(int, index.split(".")))
    assert [piece.text for piece in cut(numbers, [Index(**part) for part in parts])] == texts


@pytest.mark.parametrize("index", [(), (1, 2, 3), (1, 2, 0, 0), (4, 1, 2), (2, 999, 1)])
def test_wrong_index(index):
    """An index of another length than the profile says is an error, and not a wrong label."""
    with pytest.raises(WrongIndexError):
        cut(index, [Index(label="a", type="DisplayString")])


@given(st.lists(st.integers(0, 2**32 - 1), max_size=60))
def test_oids_come_back(parts):
    """OIDs and indexes survive their way through BER."""
    assert list(oids.decode_parts(oids.encode_parts(parts))) == parts
    text = oids.dotted((1, 3, *parts))
    assert oids.text(oids.encode(text)) == text


@pytest.mark.parametrize("text", ["", "1", "4.1", "1.40", "1.3.x", "1.3.-1", "1.3.99999999999"])
def test_no_oid(text):
    """What is not an OID is refused with a sentence."""
    with pytest.raises(ValueError, match=r"OID|sub-identifier"):
        oids.encode(text)
