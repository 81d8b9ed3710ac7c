"""Commands that need no agent: version, plugins, help, and those of other packages."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

COMMANDS = ("start", "stop", "status", "tasks", "run", "validate", "trigger", "test", "version")


def test_version(machine):
    """`version` and `--version` say the same line; as JSON the parts are apart."""
    line = machine.sentinel("version")
    assert line.code == 0
    assert line.out.startswith("orbital-sentinel ")
    assert machine.sentinel("--version") == line
    assert machine.sentinel("version", "--output", "json").data.keys() == {
        "version", "runtime", "sdk", "python",
    }  # fmt: skip


def test_version_is_quick(machine):
    """Scripts ask for the version often: neither the command line's nor the agent's parts are loaded."""
    code = (
        "import sys; from orbital_sentinel.cli import main; main(['version']);"
        "print([m for m in ('typer', 'pydantic', 'asyncio', 'orbital_runtime') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_names_every_command(machine):
    """The first page of help is a list of what there is."""
    page = machine.sentinel("--help")
    assert page.code == 0
    assert all(command in page.out for command in COMMANDS)


def test_misuse_is_exit_2(machine):
    """Unknown commands and options are usage errors, told in a sentence."""
    for arguments in (("stat",), ("status", "--colour"), ("trigger", "ping")):
        done = machine.sentinel(*arguments)
        assert done.code == 2
        assert "Traceback" not in done.err


def test_an_installed_plugin_is_checked(machine):
    """In a process of its own; threads of the agent are not taken for the plugin's."""
    done = machine.sentinel("plugins", "check", "ping", "-o", "host=127.0.0.1")
    assert (done.code, done.out, done.err) == (0, "ping keeps its contract.\n", "")


def test_names_of_older_sentinels_still_work(machine):
    """They do what their successors do, and say what those are called; the help is about the new ones."""
    machine.config("tasks: []")
    for old, new in (
        (("validate-config",), "validate"),
        (("list-plugins",), "plugins list"),
        (("test-connection", "--plugin", "ping", "--host", "127.0.0.1"), "trigger ping 127.0.0.1"),
    ):
        done = machine.sentinel(*old)
        assert done.code == 0
        assert done.err == f"note: `sentinel {old[0]}` is now called `sentinel {new}`\n"
        if new.startswith("trigger"):
            assert "ping_reachable" in done.out
        else:
            assert done.out == machine.sentinel(*new.split()).out
        assert old[0] not in machine.sentinel("--help").out


def test_plugins_list(machine):
    """Everything installed is listed with kind, version and source, as text and as JSON."""
    text = machine.sentinel("plugins", "list")
    rows = {
        (row["kind"], row["name"])
        for row in machine.sentinel("plugins", "list", "--output", "json").data
    }
    assert {
        ("plugin", "ping"),
        ("plugin", "http"),
        ("writer", "file"),
        ("writer", "prometheus"),
    } <= rows
    assert text.out.splitlines()[0].split() == ["NAME", "KIND", "VERSION", "SOURCE", "ABOUT"]
    assert any(line.split()[:2] == ["ping", "plugin"] for line in text.out.splitlines())


def test_plugins_show_and_schema(machine):
    """Fields, choices and metrics are shown; the schema is JSON Schema, or a plugin.yaml's list form."""
    shown = machine.sentinel("plugins", "show", "ping")
    assert "host" in shown.out
    assert "[auto, native, ping3]" in shown.out
    assert "probe_success" in shown.out
    assert machine.sentinel("plugins", "show", "ping", "--output", "json").data["metrics"]
    schema = machine.sentinel("plugins", "schema", "ping").data
    assert "host" in schema["device_schema"]["properties"]
    form = yaml.safe_load(machine.sentinel("plugins", "schema", "ping", "--form").out)
    assert list(form) == ["meta", "device_fields", "config_fields", "metrics"]
    unknown = machine.sentinel("plugins", "show", "pong")
    assert (unknown.code, unknown.err) == (
        1,
        "error: there is no plugin, writer or processor 'pong'; did you mean ping?\n",
    )


ODD = """
from orbital_sdk import DeviceFields, Metric, Plugin, PluginConfig

class Where(DeviceFields):
    host: str

class Odd(Plugin[Where, PluginConfig]):
    name = "odd"
    banner = Metric("odd_banner", labels=("text",))

    def collect(self, device, ctx):
        return [self.banner(1, chr(34) + chr(10) + "x 2" + chr(27) + "[31m")]
"""
PLUGIN = """
from orbital_sdk import DeviceFields, Metric, Plugin, PluginConfig

class Ten(DeviceFields):
    host: str

class TenLines(Plugin[Ten, PluginConfig]):
    name = "tenlines"
    length = Metric("tenlines_host_length")

    def collect(self, device, ctx):
        return [self.length(len(device.host))]
"""
COMMAND = """
import typer
app = typer.Typer()

@app.command()
def walk(host: str):
    print("walking", host)

@app.command()
def run():
    print("running")
"""


CRASH = """
import typer
app = typer.Typer()

@app.command()
def crash():
    raise ZeroDivisionError("oh")
"""


def test_a_third_partys_plugin_is_found_and_collects(machine):
    """Ten lines in a package of somebody else are a plugin: listed, shown, and run."""
    machine.install("tenlines", "[orbital.plugins]\ntenlines = tenlines:TenLines\n", PLUGIN)
    assert "tenlines" in machine.sentinel("plugins", "list").out
    done = machine.sentinel("trigger", "tenlines", "abcd")
    assert (done.code, done.out.splitlines()[1]) == (0, "tenlines_host_length 4")


def test_the_default_of_nested_fields_is_text(machine):
    """As a configuration has it; what is not set is left out."""
    nested = "class Tls(Fields):\n    ca: str | None = None\n    verify: bool = True\n\nclass Ten("
    code = PLUGIN.replace("import ", "import Fields, ").replace("class Ten(", nested, 1)
    code = code.replace("host: str\n", "host: str\n    tls: Tls = Tls()\n")
    machine.install("tenlines", "[orbital.plugins]\ntenlines = tenlines:TenLines\n", code)
    shown = machine.sentinel("plugins", "show", "tenlines").out
    assert "{verify: true}" in shown
    assert "'" not in shown


def test_json_is_json_whatever_a_device_says(machine):
    """What JSON has no number for is a string, as in `buffer export`."""
    code = PLUGIN.replace("len(device.host)", "float('inf')")
    machine.install("tenlines", "[orbital.plugins]\ntenlines = tenlines:TenLines\n", code)
    done = machine.sentinel("trigger", "tenlines", "h", "--output", "json")
    told = json.loads(done.out, parse_constant=pytest.fail)
    assert [sample["value"] for sample in told["samples"]] == ["+Inf"]


def test_a_device_cannot_write_to_the_terminal(machine):
    """Quotes, line ends and escape codes in a label stay inside the label."""
    machine.install("odd", "[orbital.plugins]\nodd = odd:Odd\n", ODD)
    done = machine.sentinel("trigger", "odd", "h")
    assert done.out.splitlines()[1:] == [r'odd_banner{text="\"\nx 2?[31m"} 1']


def test_a_broken_plugin_is_listed_with_its_reason(machine):
    """A package whose import fails is shown as broken, and nothing else suffers."""
    machine.install(
        "halfdone",
        "[orbital.plugins]\nhalfdone = halfdone:Missing\n",
        "import nowhere_at_all\n",
    )
    listed = machine.sentinel("plugins", "list")
    assert listed.code == 0
    assert "nowhere_at_all" in next(line for line in listed.out.splitlines() if "halfdone" in line)
    shown = machine.sentinel("plugins", "show", "halfdone")
    assert shown.code == 1
    assert "nowhere_at_all" in shown.err
    assert "Traceback" not in shown.err


def test_a_package_without_what_it_needs_is_named(machine):
    """By the list of plugins, and by validate where a task uses it; it may work all the same."""
    points = "[orbital.plugins]\ntenlines = tenlines:TenLines\n"
    machine.install("tenlines", points, PLUGIN, needs="never-there>=2")
    listed = machine.sentinel("plugins", "list")
    line = next(line for line in listed.out.splitlines() if "tenlines" in line)
    assert "its package needs never-there>=2 (not installed)" in line
    file = machine.root / "needy.yaml"
    file.write_text("tasks: [{id: a, plugin: tenlines, config: {host: abcd}}]\n")
    checked = machine.sentinel("validate", "-c", str(file))
    assert checked.code == 0
    said = " ".join(checked.out.split())
    assert "the package of plugin 'tenlines' needs never-there>=2 (not installed)" in said


def test_packages_add_commands(machine):
    """`sentinel walker walk` comes from an installed package; a broken one breaks only itself."""
    entry = "[orbital.commands]\nwalker = walker:app\nbroken = walker:nothing\n"
    machine.install("walker", entry, COMMAND)
    assert machine.sentinel("walker", "walk", "switch-1").out == "walking switch-1\n"
    broken = machine.sentinel("broken")
    assert broken.code == 1
    assert "broken" in broken.err
    assert "Traceback" not in broken.err
    page = machine.sentinel("--help")
    assert page.code == 0
    assert "walker" in page.out


def test_an_unexpected_error_is_one_line(machine):
    """A bug shows no traceback: a sentence, a file with the details, exit 1; --debug shows it."""
    machine.install("crasher", "[orbital.commands]\ncrash = crasher:app\n", CRASH)
    done = machine.sentinel("crash")
    assert done.code == 1
    assert len(done.err.splitlines()) == 1
    details = Path(done.err.rpartition(" in ")[2].strip().rstrip(")"))
    assert "ZeroDivisionError: oh" in details.read_text()
    assert stat.S_IMODE(details.stat().st_mode) == 0o600
    assert "Traceback" in machine.sentinel("--debug", "crash").err
