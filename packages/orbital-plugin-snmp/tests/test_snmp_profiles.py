"""Profiles: what may stand in them, and what is said about a mistake."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from orbital_plugin_snmp.profiles.loading import folder_profiles, parse, resolve, shipped
from orbital_plugin_snmp.profiles.settings import ProfileSettings, profile_of
from orbital_plugin_snmp.tables.families import Families
from orbital_plugin_snmp.tables.plan import compile_profiles
from orbital_sdk import ConfigurationError

TABLE = """\
tables:
  - name: interfaces
    index: [{label: ifIndex}]
    metrics:
      - {name: ifOperStatus, oid: 1.3.6.1.2.1.2.2.1.8, enum: {1: up, 2: down}}
"""

WHERE = (
    "x.yaml:2: tables[0]: table interfaces: there is no column 'ifOperStat' to filter by;"
    " did you mean ifOperStatus?"
)


def test_shipped():
    """The promised profiles are there, each compiles, and says what it is."""
    promised = {"default", "system", "if_mib", "ip", "entity_sensor", "hrsystem", "ucd", "ups"}
    promised |= {"printer", "bgp4", "lldp", "cisco", "juniper", "huawei", "h3c"}
    assert promised <= shipped().keys()
    for profile in shipped().values():
        assert profile.description
        plan = compile_profiles(resolve([profile], shipped()), Families())
        assert plan.scalars or plan.tables or plan.lldp


def test_names_mean_one_thing():
    """No two shipped profiles give one metric name different labels or kinds: queries stay simple."""
    families = Families()
    compile_profiles(shipped().values(), families)
    names = [metric.name for metric in families.all]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TABLE.replace("oid: 1", "iod: 1"), "x.yaml:5: tables[0].metrics[0].iod: unknown key; did you mean"),
        (TABLE.replace("enum:", "type: EnumAsInf, enum:"), "or InetAddress; did you mean EnumAsInfo?"),
        (TABLE + "    where: [{column: ifOperStat, equals: up}]", WHERE),
        (TABLE + "    where: [{column: ifOperStatus, equals: upp}]", "is never 'upp'; did you mean up?"),
        (TABLE + "    where: [{column: ifOperStatus, matches: '('}]", "is not a regular expression"),
        (TABLE + "    where: [{column: ifOperStatus}]", "needs equals or matches"),
        (TABLE + "    labels: [{label: a, oid: 1.3.6, by: [ifIndx]}]", "did you mean ifIndex?"),
        (TABLE.replace("1.3.6.1.2.1.2.2.1.8", "1.3.6.x"), "'1.3.6.x' is not an OID"),
        (TABLE.replace("name: ifOper", "name: if-Oper"), "is not a metric name"),
        (TABLE.replace("label: ifIndex", "label: device_id"), "is not a label a profile may set"),
        ("scalars: [{name: a, oid: 1.3.6.1, type: Bits}]", "type Bits needs enum"),
        ("scalars: [{name: a, oid: 1.3.6.1, unwrap: true}]", "unwrap is for counters"),
        ("description: nothing", "reads nothing"),
        ("- a list", "x.yaml: a profile is a map"),
        ("a: [", "x.yaml:1: not readable as YAML: "),
    ],
)  # fmt: skip
def test_mistakes(text, said):
    """A mistake is refused with its line, its place, and what was probably meant."""
    with pytest.raises(ConfigurationError) as caught:
        parse(text, source="x.yaml", name="x")
    assert said in str(caught.value)
    assert caught.value.field == "profiles"


def test_unknown_profile():
    """A name that nobody has is refused with the one that was probably meant."""
    with pytest.raises(ConfigurationError, match="no profile 'if_mb'; did you mean if_mib"):
        resolve(["if_mb"], shipped())


def test_extends():
    """A profile brings those that it extends, each once, also in a circle."""
    one = parse("extends: [two, two]", source="x", name="one")
    two = parse("extends: [one]\n" + TABLE, source="x", name="two")
    assert [p.name for p in resolve(["one"], {"one": one, "two": two})] == ["one", "two"]


def test_folder(tmp_path):
    """A user's folder adds profiles, and what is wrong in it is told with the file's name."""
    (tmp_path / "mine.yaml").write_text(TABLE)
    (tmp_path / "notes.txt").write_text("not a profile")
    assert list(folder_profiles(str(tmp_path))) == ["mine"]
    (tmp_path / "bad.yml").write_text("tables: 7")
    with pytest.raises(ConfigurationError, match=r"bad\.yml:1: tables"):
        folder_profiles(str(tmp_path))
    with pytest.raises(ConfigurationError, match="cannot be read") as caught:
        folder_profiles(str(tmp_path / "missing"))
    assert caught.value.field == "profile_folder"


def test_settings():
    """Profiles are names or written out; objects are OIDs or maps, called as shipped profiles call them."""
    written = {"scalars": [{"name": "a", "oid": "1.3.6.1.4.1.5"}]}
    settings = ProfileSettings.model_validate({"profiles": ["if_mib", written], "oids": [
        "1.3.6.1.2.1.1.3.0",
        {"oid": "1.3.6.1.4.1.7.1", "name": "x_total", "type": "counter", "indexed": True},
        "1.3.6.1.4.1.7.2.0",
    ]})  # fmt: skip
    assert settings.profiles[0] == "if_mib"
    profile = profile_of(settings.oids, shipped().values())
    assert [value.name for value in profile.scalars] == ["sysUpTime", "snmp_oid_1_3_6_1_4_1_7_2_0"]
    assert profile.tables[0].metrics[0].name == "x_total"
    plan = compile_profiles([profile], Families())
    assert plan.tables[0].columns[0].metric.labels == ("index",)
    assert ProfileSettings.model_validate({"profiles": "auto"}).profiles == ("auto",)


@pytest.mark.parametrize(
    "given",
    [
        {"profiles": ["a", "a"]},
        {"profiles": {"scalars": [{"name": "a", "oid": "1.3.x"}]}},
        {"profiles": {"tabels": []}},
        {"oids": ["1.3.x"]},
        {"oids": [{"name": "a"}]},
        {"label_refresh": "-1s"},
    ],
)
def test_bad_settings(given):
    """What cannot work is refused before anything is sent."""
    with pytest.raises(ValidationError):
        ProfileSettings.model_validate(given)


def test_the_original_design():
    """The predefined metrics of the original design are the default profile."""
    plan = compile_profiles(resolve(["default"], shipped()), Families())
    names = {c.metric.name: c.metric.kind for c in (*plan.scalars, *plan.tables[0].columns)}
    assert names == {
        "cpu_usage": "gauge",
        "memory_usage": "gauge",
        "interface_in_bytes": "counter",
        "interface_out_bytes": "counter",
    }
