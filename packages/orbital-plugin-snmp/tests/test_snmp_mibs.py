"""MIB files: names and OIDs, and profiles made of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orbital_plugin_snmp.commands import app
from orbital_plugin_snmp.mibs.library import Library
from orbital_plugin_snmp.mibs.translating import translate
from orbital_plugin_snmp.polling.task import PollTask
from orbital_plugin_snmp.profiles.loading import parse
from orbital_plugin_snmp.tables.families import Families
from orbital_plugin_snmp.tables.plan import compile_profiles
from orbital_plugin_snmp.testing import FakeReader
from orbital_sdk import ConfigurationError

MIBS = str(Path(__file__).parent / "mibs")
ACME = "1.3.6.1.4.1.99999"


@pytest.fixture(scope="module")
def library():
    """The folder with test MIBs."""
    return Library([MIBS])


def run(*arguments):
    """What a command prints, or the error that it ends with."""
    done = CliRunner().invoke(app, [*arguments, "--mibs", MIBS])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout


@pytest.mark.parametrize(
    ("asked", "name", "oid"),
    [
        ("ifInOctets", "ifInOctets", "1.3.6.1.2.1.2.2.1.10"),
        ("ifInOctets.3", "ifInOctets.3", "1.3.6.1.2.1.2.2.1.10.3"),
        ("1.3.6.1.2.1.1.3.0", "sysUpTime.0", "1.3.6.1.2.1.1.3.0"),
        (".1.3.6.1.2.1.31.1.1.1.18.4", "ifAlias.4", "1.3.6.1.2.1.31.1.1.1.18.4"),
        ("ACME-MIB::acmePumpState", "ACME-MIB::acmePumpState", f"{ACME}.2.1.5"),
        ("ACME-MIB::acmeUptime.0", "ACME-MIB::acmeUptime.0", f"{ACME}.1.0"),
        (f"{ACME}.2.1.7.5", "ACME-MIB::acmePumpLitres.5", f"{ACME}.2.1.7.5"),
        (f"{ACME}.77", "ACME-MIB::acme.77", f"{ACME}.77"),
    ],
)
def test_translate(library, asked, name, oid):
    """Names and OIDs are translated both ways, instances included; shipped profiles need no MIB."""
    library.load("ACME-MIB")
    found = translate(asked, library)
    assert (found.name, found.oid) == (name, oid)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("1.2.3", "nobody here knows 1.2.3; name its module"),
        ("ifInOctetz", "nobody here knows 'ifInOctetz'; did you mean ifInOctets?"),
        ("ACME-MIB::acmePumpStat", "did you mean acmePumpState?"),
        ("NOPE-MIB::x", "NOPE-MIB: NOPE-MIB is missing. Searched: "),
        ("BROKEN-MIB::x", "BROKEN-MIB: BROKEN-MIB is failed"),
        ("NEEDY-MIB::needy", "NOWHERE-MIB is missing"),
    ],
)
def test_what_cannot_be_translated(library, asked, said):
    """What nobody knows is told with what was probably meant, and which MIB is missing where."""
    with pytest.raises(ConfigurationError) as caught:
        translate(asked, library)
    assert said in str(caught.value)


def test_a_folder_that_is_none():
    """A folder that does not exist is an error and not silently empty."""
    with pytest.raises(ConfigurationError, match="is not a folder"):
        Library(["/no/such/folder"])


def test_command_translate():
    """`sentinel snmp translate` tells the OID, and what the MIB says about the object."""
    told = [{"name": "ifInOctets", "oid": "1.3.6.1.2.1.2.2.1.10"}]
    assert json.loads(run("translate", "ifInOctets", "--output", "json")) == told
    text = run("translate", "ACME-MIB::acmePumpState")
    assert text.splitlines() == [
        f"ACME-MIB::acmePumpState = {ACME}.2.1.5",
        "  column, AcmeState",
        "  1 idle, 2 running, 3 failed",
        "  State",
    ]


async def test_a_profile_of_a_table(tmp_path):
    """`sentinel snmp profile` makes a profile that reads the table as the MIB describes it."""
    path = tmp_path / "pumps.yaml"
    run("profile", "ACME-MIB::acmePumpTable", "--write", str(path))
    profile = parse(path.read_text(), source="pumps.yaml", name="pumps")
    table = profile.tables[0]
    assert [(p.label, p.type, p.implied) for p in table.index] == [
        ("acmePumpHall", "gauge", False),
        ("acmePumpMac", "PhysAddress48", False),
        ("acmePumpKey", "DisplayString", True),
    ]
    assert [label.label for label in table.labels] == ["acmePumpName"]
    task = PollTask(compile_profiles([profile], Families()), refresh=60, wrap=True)
    row = "7.0.27.33.60.157.248.97.98"
    columns = {
        4: "north",
        5: 2,
        6: 215,
        7: ("counter64", 9),
        8: ("counter64", 3),
        9: b"\x40",
        11: 1,
    }
    objects = {f"{ACME}.2.1.{column}.{row}": value for column, value in columns.items()}
    out = (await task.poll(FakeReader(objects))).output
    labels = ("7", "00:1B:21:3C:9D:F8", "ab", "north")
    keys = [(one.metric.name, one.metric.kind, one.values) for one in out.series]
    assert dict(zip(keys, out.values, strict=True)) == {
        ("acmePumpState", "gauge", labels): 2,
        ("acmePumpTemperature", "gauge", labels): 21.5,
        ("acmePumpLitres", "counter", labels): 9,
        ("acmePumpFlow", "gauge", labels): 3,
        ("acmePumpAlarms", "gauge", (*labels, "hot")): 0,
        ("acmePumpAlarms", "gauge", (*labels, "dry")): 1,
    }
    assert not out.problems


def test_profiles_of_other_things():
    """A group gives its scalars and tables, a table that augments another has its index, a column is one."""
    whole = parse(run("profile", "ACME-MIB::acme"), source="x", name="x")
    assert [(v.name, v.unit, v.help) for v in whole.scalars] == [
        ("acmeUptime", "seconds", "Seconds since start.")
    ]
    assert [table.name for table in whole.tables] == ["acmePump", "acmePumpMore"]
    assert whole.tables[1].index == whole.tables[0].index
    one = parse(run("profile", "ACME-MIB::acmePumpLitres"), source="x", name="x")
    assert [value.name for value in one.tables[0].metrics] == ["acmePumpLitres"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [("acmePumpTable", "has no module"), ("ACME-MIB::acmeFailed", "no scalar and no column")],
)
def test_profiles_of_nothing(asked, said):
    """What cannot be read gives no profile."""
    with pytest.raises(ConfigurationError, match=said):
        run("profile", asked)


def test_a_file_is_not_overwritten(tmp_path):
    """An existing file, which somebody may have edited, stays as it is."""
    path = tmp_path / "mine.yaml"
    path.write_text("mine")
    with pytest.raises(ConfigurationError, match=r"mine\.yaml"):
        run("profile", "ACME-MIB::acmePumpTable", "--write", str(path))
    assert path.read_text() == "mine"


def test_older_spellings(tmp_path):
    """`--json` and `profile --output FILE` still work, and help shows neither."""
    assert run("translate", "ifInOctets", "--json") == run(
        "translate", "ifInOctets", "--output", "json"
    )
    path = tmp_path / "pumps.yaml"
    run("profile", "ACME-MIB::acmePumpTable", "-o", str(path))
    assert path.read_text() == run("profile", "ACME-MIB::acmePumpTable")
    assert "--json" not in run("translate", "--help")
    assert "-o" not in run("profile", "--help").split()


def test_net_snmps_own_mibs():
    """The MIBs that Debian ships with net-snmp are read without any other file."""
    if not Path("/usr/share/snmp/mibs/UCD-SNMP-MIB.txt").exists():
        pytest.skip("Debian's libsnmp-base is not installed")
    profile = parse(run("profile", "UCD-DISKIO-MIB::diskIOTable"), source="x", name="x")
    assert [label.label for label in profile.tables[0].labels] == ["diskIODevice"]
    assert "diskIONReadX" in [value.name for value in profile.tables[0].metrics]
