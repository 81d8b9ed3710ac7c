"""`sentinel discover` finds what answers, and writes tasks that can be used."""

from __future__ import annotations

import asyncio
import json
import signal
import stat
from typing import NamedTuple

import pytest
import typer
import yaml
from typer.testing import CliRunner

from orbital_plugin_snmp import SnmpDevice
from orbital_sdk import AuthenticationFailed, ConfigurationError
from orbital_sentinel.commands.discover import app, with_options
from orbital_sentinel.discovery.addresses import Addresses
from orbital_sentinel.discovery.result import Result
from orbital_sentinel.discovery.sweep import sweep
from orbital_sentinel.discovery.taskfile import write
from orbital_sentinel.errors import Failure
from orbital_testbench.ports import free_port
from orbital_testbench.server import running
from orbital_testbench.snmpd import PASSWORDS, Snmpd

QUICK = ("--timeout", "0.3", "--retries", "0")


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """net-snmp's agent as every address of 127.0.0.0/8."""
    yield from running(Snmpd(tmp_path_factory.mktemp("everywhere"), everywhere=True))


def run(*words, code=0):
    """What it printed, to standard output and to standard error."""
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.stdout, result.stderr


@pytest.mark.real
def test_a_network(network, tmp_path):
    """All of a /28, each with its name, in order; the tasks go into a file that is its owner's alone."""
    path = tmp_path / "found.yaml"
    place = f"community=public,port={network.port}"
    out, err = run(
        "127.0.5.0/28", "--snmp", place, "--write", str(path), "--output", "json", *QUICK
    )
    rows = json.loads(out)
    assert [row["address"] for row in rows] == [f"127.0.5.{n}" for n in range(1, 15)]
    assert all(row["description"].startswith("Linux") and row["name"] for row in rows)
    assert "14 devices at 14 addresses" in err
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    tasks = yaml.safe_load(path.read_text())["tasks"]
    assert [task["id"] for task in tasks] == [f"snmp-127.0.5.{n}" for n in range(1, 15)]
    config = tasks[0]["config"]
    assert config.pop("profiles") == ["netsnmp"]
    assert SnmpDevice.model_validate(config).port == network.port


@pytest.mark.real
def test_again(network, tmp_path):
    """What is in the file stays as it is, comments too; new devices come behind it."""
    path = tmp_path / "found.yaml"
    ways = ("--snmp", f"port={network.port}", "--write", str(path), *QUICK)
    run("127.0.5.1", *ways)
    path.write_text(f"# by hand\n{path.read_text()}".replace("60s", "10s  # faster"))
    _, err = run("127.0.5.1", "127.0.5.2", *ways)
    assert f"{path}: 1 task added, 1 was there" in err
    text = path.read_text()
    assert text.startswith("# by hand\n")
    assert "interval: 10s  # faster" in text
    assert [one["interval"] for one in yaml.safe_load(text)["tasks"]] == ["10s", "60s"]


@pytest.mark.real
def test_several_ways(network, monkeypatch):
    """The first credentials that work count; secrets may come from the environment, and are not printed."""
    monkeypatch.setenv("OUR_AUTH", PASSWORDS[0])
    v3 = f"version=3,username=sha-256-,auth_protocol=SHA256,auth_password=${{OUR_AUTH}},port={network.port}"
    wrong = v3.replace("${OUR_AUTH}", "not the password")
    out, err = run("127.0.5.1", "--snmp", f"community=no,port={network.port}", "--snmp", v3, *QUICK)
    assert "127.0.5.1  snmp" in out
    assert PASSWORDS[0] not in out + err
    _, err = run("127.0.5.1", "--snmp", wrong, *QUICK, code=1)
    assert "127.0.5.1 is there, but: " in err
    assert "not the password" not in err


def test_nobody():
    """An empty network ends with 1, and writes nothing."""
    out, err = run("127.0.0.1", "--snmp", f"port={free_port()}", *QUICK, code=1)
    assert not out
    assert "0 devices at 1 address" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("10.0.0.0/8",), "16,777,216 addresses"),
        (("10.0.0.0/15",), "or say --large"),
        (("2001:db8::/64", "--large"), "16,777,216|18,446,744"),
        (("switches",), "switches is not a network"),
        (("127.0.0.1", "--snmp", "public"), "write community=public"),
        (("127.0.0.1", "--snmp", "comunity=x"), "comunity"),
        (("127.0.0.1", "--snmp", "community=${NOBODY_SET_THIS}"), "NOBODY_SET_THIS is not set"),
        (("127.0.0.1", "--snmp", "version=3"), "version 3 needs a username"),
    ],
)
def test_mistakes(words, said):
    """What cannot be meant is refused before anything is asked."""
    with pytest.raises(ConfigurationError, match=said):
        run(*words, *(() if "--snmp" in words else ("--snmp", "community=x")), *QUICK)


def test_without_any_probe_it_says_what_brings_one():
    """An agent that was slimmed down."""
    alone = typer.Typer()
    alone.command()(with_options({}))
    with pytest.raises(Failure, match="pip install orbital-plugin-snmp"):
        CliRunner().invoke(alone, ["192.0.2.1"], catch_exceptions=False)


def test_without_a_way_to_ask_it_shows_one():
    """And which there are."""
    _, err = run("127.0.0.1", code=2)
    assert "such as --snmp community=public" in " ".join(err.replace("│", "").split())


def test_addresses():
    """Without network and broadcast; single ones, links and IPv6 as they are; as many as said."""
    for text, expected in {
        "192.0.2.8/30": ["192.0.2.9", "192.0.2.10"],
        "192.0.2.7": ["192.0.2.7"],
        "192.0.2.6/31": ["192.0.2.6", "192.0.2.7"],
        "2001:db8::/126": ["2001:db8::1", "2001:db8::2", "2001:db8::3"],
    }.items():
        addresses = Addresses([text], large=False)
        assert list(addresses) == expected
        assert addresses.total == len(expected)


class Said(NamedTuple):
    """An answer."""

    name: str
    about: str
    fields: dict[str, str]


class Echo:
    """A probe of another protocol: odd addresses answer."""

    help = "Echo with these words."
    open = 0

    def __init__(self, given, *, timeout, retries):
        self.given, self.busy, self.most = given, 0, 0
        assert (timeout, retries) == (0.3, 0)
        Echo.open += 1

    async def look(self, host):
        self.busy += 1
        self.most = max(self.most, self.busy)
        await asyncio.sleep(0)
        self.busy -= 1
        if host.endswith("4"):
            raise AuthenticationFailed(f"{host}: go away")
        if int(host[-1]) % 2:
            return Said("echo", "says " + " ".join(self.given), {"host": host})
        return None

    async def close(self):
        Echo.open -= 1


def test_other_protocols(tmp_path):
    """Whoever brings a probe gets an option; its answers become tasks of the plugin of that name."""
    other, path = typer.Typer(), tmp_path / "found.yaml"
    other.command()(with_options({"echo": Echo}))
    words = ["192.0.2.0/29", "--echo", "hi", "--echo", "ho", "--write", str(path), *QUICK]
    result = CliRunner().invoke(other, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "says hi ho" in result.stdout
    assert "192.0.2.4 is there, but: 192.0.2.4: go away" in result.stderr
    tasks = yaml.safe_load(path.read_text())["tasks"]
    assert [(one["plugin"], one["config"]["host"]) for one in tasks] == [
        ("echo", "192.0.2.1"), ("echo", "192.0.2.3"), ("echo", "192.0.2.5"),
    ]  # fmt: skip
    assert Echo.open == 0


class Interrupted(Echo):
    """A probe during which somebody presses Ctrl-C, at the second address."""

    async def look(self, host):
        if host.endswith("2"):
            signal.raise_signal(signal.SIGINT)
            await asyncio.Event().wait()
        return await super().look(host)


@pytest.fixture
def ctrl_c_works():
    """Whoever runs tests in the background may have told us to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c(tmp_path, ctrl_c_works):
    """What was found until then is shown and written, and it is said how far that was."""
    other, path = typer.Typer(), tmp_path / "found.yaml"
    other.command()(with_options({"echo": Interrupted}))
    words = ["192.0.2.0/24", "--echo", "hi", "--write", str(path), "--concurrency", "1", *QUICK]
    result = CliRunner().invoke(other, words, catch_exceptions=False)
    assert result.exit_code == 130
    assert "ended early: 1 of 254 addresses" in result.stderr
    assert "192.0.2.1" in result.stdout
    assert [one["id"] for one in yaml.safe_load(path.read_text())["tasks"]] == ["echo-192.0.2.1"]
    assert Echo.open == 0


async def test_concurrency():
    """No more addresses at once than said, and each one exactly once."""
    probe, seen, result = Echo((), timeout=0.3, retries=0), [], Result()
    await sweep(
        Addresses(["10.0.0.0/24"], large=False),
        {"echo": probe},
        result,
        concurrency=7,
        step=seen.append,
    )
    await probe.close()
    assert (probe.most, result.asked, len(seen)) == (7, 254, 254)


TASK = {"id": "a", "plugin": "snmp", "config": {"host": "h"}}


@pytest.mark.parametrize(
    "old", ["tasks:\n- id: b\n  x: 1\n", "tasks:\n  - id: b  # mine", "tasks: []\n", "# only\n", ""]
)
def test_files_that_can_be_added_to(tmp_path, old):
    """Added behind what is there; --force replaces all of it."""
    path = tmp_path / "tasks.yaml"
    path.write_text(old)
    before = (yaml.safe_load(old) or {}).get("tasks") or []
    for added in (1, 0):
        assert write(path, [TASK], replace=False) == added
        assert yaml.safe_load(path.read_text())["tasks"] == [*before, TASK]
    write(path, [TASK], replace=True)
    assert yaml.safe_load(path.read_text()) == {"tasks": [TASK]}


@pytest.mark.parametrize(
    "old",
    [
        "sentinel: {name: x}\ntasks: []\n", "- 1\n", "a: [", "tasks: 5\n", "tasks: [{id: b}]\n",
        "tasks:\n    -   id: b\n",
    ],
)  # fmt: skip
def test_files_that_cannot(tmp_path, old):
    """Another kind of file, or another way to write a list, is left alone."""
    path = tmp_path / "config.yaml"
    path.write_text(old)
    with pytest.raises(ConfigurationError, match="--force"):
        write(path, [TASK], replace=False)
    assert path.read_text() == old


def test_no_folder(tmp_path):
    """Says what is wrong."""
    with pytest.raises(ConfigurationError, match="cannot be written: No such file"):
        write(tmp_path / "no" / "file.yaml", [TASK], replace=False)
