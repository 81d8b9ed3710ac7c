"""A plugin.yaml that lists OIDs is a plugin, and reads what it lists."""

from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr, ValidationError

from orbital_plugin_snmp.loader import SnmpLoader, profile
from orbital_sdk import ConfigurationError
from orbital_sdk.schema.manifest import plugin_yaml
from orbital_sdk.schema.plugin_file import MetricEntry
from orbital_sdk.testing import check_plugin, collect_once
from orbital_testbench.programs import MissingProgramError, skip_or_fail
from orbital_testbench.snmpd import Snmpd

SEED = yaml.safe_load((Path(__file__).parent / "seed-plugin.yaml").read_text(encoding="utf-8"))
OVERRIDE = "override 1.3.6.1.4.1"
LINES = (
    f"{OVERRIDE}.99999.1.1.1 integer 11",
    f"{OVERRIDE}.99999.1.1.2 integer 12",
    f"{OVERRIDE}.99999.2.0 integer 215",
    f"{OVERRIDE}.2021.11.9.0 integer 7",  # its own comes after a minute
)


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    """net-snmp's agent, with a table and a scalar of nobody's."""
    server = Snmpd(tmp_path_factory.mktemp("snmpd"), extra=LINES)
    try:
        server.start()
    except MissingProgramError as missing:
        skip_or_fail(missing)
    yield server
    server.close()


def load(**changes):
    return SnmpLoader().load(Path(), {**SEED, **changes})


def listed(*metrics):
    """A plugin that reads these."""
    return load(meta={"name": "mine"}, metrics=list(metrics))


async def collected(plugin, agent, **config):
    device = {"host": agent.host, "port": agent.port, "community": "public"}
    return await collect_once(plugin, device, config)


@pytest.mark.real
async def test_the_seeds_example_collects_unchanged(agent):
    """The original design's plugin.yaml, to the letter: four metrics, as the SNMP plugin reads them."""
    plugin = load()
    done = await collected(plugin, agent)
    assert done.error is None
    assert done.value("cpu_usage") == 7
    assert 0 < done.value("memory_usage") < 100
    assert done.value("interface_in_bytes", ifDescr="lo") >= 0
    assert done.value("interface_out_bytes", ifDescr="lo") >= 0
    assert plugin.name == "snmp"
    assert plugin.metadata["device_types"] == ["switch", "router", "firewall"]


@pytest.mark.real
async def test_contract(agent):
    """It is an ordinary plugin."""
    device = {"host": agent.host, "port": agent.port, "community": "public"}
    await check_plugin(load(), device, entry_point=False)


@pytest.mark.real
async def test_scalars_and_tables(agent):
    """With and without `.0`, scaled, each row of a column; kinds, units and help of the file."""
    plugin = listed(
        {"name": "temperature", "oid": "1.3.6.1.4.1.99999.2.0", "scale": 0.1, "unit": "celsius"},
        {"name": "again", "oid": ".1.3.6.1.4.1.99999.2"},
        {"name": "rows", "oid": "1.3.6.1.4.1.99999.1.1", "type": "counter", "indexed": True,
         "description": "Of nobody's"},
    )  # fmt: skip
    done = await collected(plugin, agent)
    assert done.error is None
    assert done.value("temperature") == pytest.approx(21.5)
    assert done.value("again") == 215
    assert [done.value("rows", index=str(n)) for n in (1, 2)] == [11, 12]
    metric = next(s.series.metric for s in done.samples if s.series.metric.name == "rows")
    assert (metric.kind, metric.help) == ("counter", "Of nobody's")
    assert not any(name.startswith("cpu") for name in done.names)


@pytest.mark.real
async def test_a_tasks_own_oids_win(agent):
    """As the original design says: left empty, the metrics of the file are read."""
    done = await collected(load(), agent, oids=[{"oid": "1.3.6.1.4.1.99999.2.0", "name": "own"}])
    assert done.value("own") == 215
    assert "cpu_usage" not in done.names


def test_fields_are_those_of_the_file():
    """Defaults, what is required, and how values look; a secret stays one whatever the file calls it."""
    device = load().device_model
    made = device.model_validate({"host": "a", "community": "s3cret"})
    assert (made.port, made.version, made.community) == (161, "2c", SecretStr("s3cret"))
    assert "s3cret" not in repr(made)
    assert device.model_validate({"host": "a", "community": "x", "version": 1}).version == "1"
    for wrong in ({"host": "a"}, {"host": "a/b", "community": "x"}, {"community": "x"}):
        with pytest.raises(ValidationError):
            device.model_validate(wrong)
    config = load().config_model()
    assert (config.timeout, config.retries, config.oids) == (10, 3, ())


def test_it_renders_what_it_read():
    """`plugins schema --form` begins as the file does."""
    shown = plugin_yaml(load(), version="1.0.0")
    assert shown["meta"]["name"] == "snmp"
    fields = {field["name"]: field for field in shown["device_fields"]}
    assert fields["host"]["validation"] == "^[a-zA-Z0-9.-]+$"
    assert fields["community"]["required"]
    assert {m["name"] for m in shown["metrics"]} >= {m["name"] for m in SEED["metrics"]}


def test_names_alone_are_not_predefined():
    """Another object under such a name is read as it stands."""
    entries = [MetricEntry(name="cpu_usage", oid="1.3.6.1.4.1.99999.9.0")]
    (scalar,) = profile("mine", entries).scalars
    assert scalar.oid == "1.3.6.1.4.1.99999.9.0"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"metrics": [{"name": "a", "oid": "1.3.6.1.2.1.1.3.0"}, {"name": "b"}]}, "metrics[1]"),
        ({"metrics": [{"name": "a", "oid": "sysUpTime"}]}, "metrics[0].oid"),
        ({"metrics": [{"name": "a-b", "oid": "1.3.6"}]}, "metrics[0].name"),
        ({"device_fields": [{"name": "hots"}]}, "device_fields[0].name"),
        ({"device_fields": [{"name": "port", "default": 0}]}, "device_fields[0].default"),
        ({"device_fields": [{"name": "port", "type": "number"}]}, "device_fields[0].type"),
        ({"meta": {}}, "meta.name"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_mistakes(changes, field):
    """Each names its key."""
    with pytest.raises(ConfigurationError) as error:
        load(**changes)
    assert error.value.field == field


def test_which_files_are_for_it():
    """Those that name an OID and no program."""
    assert SnmpLoader().fits(SEED)
    assert not SnmpLoader().fits({**SEED, "metrics": [{"name": "a"}]})
