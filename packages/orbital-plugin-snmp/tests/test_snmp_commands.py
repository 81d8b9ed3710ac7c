"""`sentinel snmp walk` and `get` print what net-snmp's own tools print."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.commands import app
from orbital_plugin_snmp.commands.printing import END, line
from orbital_plugin_snmp.wire import smi
from orbital_sdk import ConfigurationError, DeviceUnreachable
from orbital_testbench.snmpd import PASSWORDS, USERS

if TYPE_CHECKING:
    from orbital_plugin_snmp.wire.smi import Value
    from orbital_testbench.snmpd import Snmpd

LIKE_OURS = ("-m", "", "-On", "-v2c", "-cpublic")


def ours(*words: str) -> list[str]:
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return [one.rstrip() for one in result.output.splitlines()]


def theirs(program: str, *words: str) -> list[str]:
    done = subprocess.run([program, *LIKE_OURS, *words], check=True, capture_output=True, text=True)
    return [one.rstrip() for one in done.stdout.splitlines()]


@pytest.mark.parametrize(
    "root",
    ["1.3.6.1.2.1.1.9", "1.3.6.1.2.1.2.2.1.2", "1.3.6.1.2.1.2.2.1.6", "1.3.6.1.2.1.4.20", "1.3.6.1.2.1.1.5.0",
     "1.3.6.1.6.3.16.1.2", "2.5"],
)  # fmt: skip
def test_walk_equals_snmpwalk(snmpd: Snmpd, root: str) -> None:
    """Texts, octets, addresses, OIDs, numbers, a leaf, and the end of the MIB, line by line."""
    place = f"{snmpd.host}:{snmpd.port}"
    assert ours("walk", place, root) == theirs("snmpwalk", place, root)


def test_get_equals_snmpget(snmpd: Snmpd) -> None:
    """What is there, and what is not."""
    place = f"{snmpd.host}:{snmpd.port}"
    wanted = ["1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.99.0", "1.3.6.1.2.1.1.1.9", ".1.3.6.1.2.1.1.2.0"]
    assert ours("get", place, *wanted) == theirs("snmpget", place, *wanted)


@pytest.mark.parametrize("engine", ["fast", "pysnmp"])
def test_v3_with_passwords_from_the_environment(
    snmpd: Snmpd, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where others cannot see them."""
    monkeypatch.setenv("SNMP_AUTH_PASSWORD", PASSWORDS[0])
    monkeypatch.setenv("SNMP_PRIV_PASSWORD", PASSWORDS[1])
    user = USERS[-1]
    as_user = ["-v", "3", "-u", user.name, "-a", user.auth, "-x", user.priv, "--engine", engine]
    found = ours("get", f"{snmpd.host}:{snmpd.port}", "1.3.6.1.2.1.1.6.0", *as_user)
    assert found == ['.1.3.6.1.2.1.1.6.0 = STRING: "Rack 7"']


def test_ipv6_addresses_are_written_in_brackets(snmpd: Snmpd) -> None:
    """So that the port can follow."""
    (found,) = ours("get", f"[::1]:{snmpd.port}", "1.3.6.1.2.1.1.6.0")
    assert found.endswith('"Rack 7"')


@pytest.mark.parametrize("place", ["[::1", "switch:", "switch:snmp", "192.0.2.1:70000"])
def test_an_address_that_is_none(place: str) -> None:
    """Said at once, with what would be right; nobody is asked."""
    with pytest.raises(ConfigurationError, match=r"1 to 65535|\[2001:db8::1\]:502"):
        ours("get", place, "1.3.6.1.2.1.1.6.0")


def test_errors_are_those_of_a_poll(snmpd: Snmpd) -> None:
    """A wrong community, and what cannot work at all."""
    place = f"{snmpd.host}:{snmpd.port}"
    hasty = ["-t", "0.1", "-r", "0"]
    with pytest.raises(DeviceUnreachable, match="community"):
        ours("walk", place, "1.3.6.1.2.1.1", "-c", "wrong", *hasty)
    with pytest.raises(ConfigurationError, match=r"^version 3 needs a username"):
        ours("get", place, "1.3.6.1.2.1.1.1.0", "-v", "3")
    with pytest.raises(ConfigurationError, match=r"^version: Input should be"):
        ours("get", place, "1.3.6.1.2.1.1.1.0", "-v", "4")
    with pytest.raises(ConfigurationError, match="not an OID"):
        ours("get", place, "1..3")
    with pytest.raises(ConfigurationError, match="did you mean sysDescr"):
        ours("get", place, "sysDesc.0")


def test_names(snmpd: Snmpd) -> None:
    """What a shipped profile knows, or a MIB of MIBDIRS, needs no numbers."""
    place = f"{snmpd.host}:{snmpd.port}"
    by_name = ours("get", place, "sysLocation.0", "sysDescr.0")
    assert by_name == ours("get", place, "1.3.6.1.2.1.1.6.0", "1.3.6.1.2.1.1.1.0")
    assert ours("walk", place, "ifDescr") == ours("walk", place, "1.3.6.1.2.1.2.2.1.2")


@pytest.mark.parametrize(
    ("tag", "value", "text"),
    [
        (smi.TIME_TICKS, 19, "Timeticks: (19) 0:00:00.19"),
        (smi.TIME_TICKS, 8_640_000 * 2 + 6123, "Timeticks: (17286123) 2 days, 0:01:01.23"),
        (smi.OCTET_STRING, b"", '""'),
        (smi.OCTET_STRING, b'a "b"', 'STRING: "a \\"b\\""'),
        (smi.OCTET_STRING, bytes(17), "Hex-STRING: " + "00 " * 16 + "\n00 "),
        (smi.COUNTER64, 2**64 - 1, "Counter64: 18446744073709551615"),
        (smi.FLOAT, 0.5, "Opaque: Float: 0.500000"),
        (smi.IP_ADDRESS, b"\xc0\0\2\1", "IpAddress: 192.0.2.1"),
        (smi.END_OF_MIB_VIEW, None, END),
    ],
)  # fmt: skip
def test_lines(tag: int, value: Value, text: str) -> None:
    """Each type as net-snmp prints it."""
    assert line((oids.encode("1.3.6.1"), tag, value)) == f".1.3.6.1 = {text}"
