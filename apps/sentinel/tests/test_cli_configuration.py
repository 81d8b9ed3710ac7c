"""The configuration: `config init`, `show` and `schema`, `validate`, and what is wrong with it."""

from __future__ import annotations

import json
import socket
import stat

import pytest


def test_config_init_writes_a_file_that_is_valid(machine):
    """What `config init` writes is private, valid as it is, and never replaces a file unasked."""
    path = machine.work / "config.yaml"
    assert machine.sentinel("config", "init").code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert machine.sentinel("validate").code == 0
    path.write_text("precious")
    refused = machine.sentinel("config", "init")
    assert refused.code == 1
    assert "--force" in refused.err
    assert path.read_text() == "precious"
    assert machine.sentinel("config", "init", "--force").code == 0
    assert path.read_text() != "precious"


def test_config_show_hides_secrets(machine, site):
    """`config show` has defaults and environment in it, and no password."""
    machine.environ["SENTINEL_LOGGING__LEVEL"] = "debug"
    machine.environ["PASS_WORD"] = "hunter2"
    machine.config(f"""\
sender:
  direct:
    prometheus:
      url: "{site}"
      basic_auth: {{username: me, password: "${{PASS_WORD}}"}}
tasks:
  - id: a
    plugin: http
    config: {{url: "{site}", auth: basic, username: me, password: "${{PASS_WORD}}"}}
""")
    for form in ("text", "json"):
        shown = machine.sentinel("config", "show", "--output", form)
        assert shown.code == 0, shown.err
        assert "hunter2" not in shown.out
        assert "debug" in shown.out
        assert "worker_pool_size" in shown.out


def test_config_schema(machine):
    """The schema describes tasks with the fields of installed plugins."""
    schema = machine.sentinel("config", "schema").data
    assert "TaskSection" in schema["$defs"]
    assert '"ping"' in json.dumps(schema)


def test_validate_tells_what_would_run(machine, two_tasks):
    """A valid configuration is confirmed, with its tasks and outputs."""
    text = machine.sentinel("validate")
    assert text.code == 0
    assert "is valid" in text.out
    assert "well" in text.out
    data = machine.sentinel("validate", "-c", str(two_tasks), "--output", "json").data
    assert data["valid"] is True
    assert [task["id"] for task in data["tasks"]] == ["well", "ill"]
    assert data["outputs"] == [{"name": "file", "writer": "file"}]


def test_validate_tells_processors(machine):
    """In their order, as samples pass them."""
    code = """
from orbital_sdk import Processor, ProcessorConfig

class Quiet(Processor[ProcessorConfig]):
    name = "quiet"
    summary = "Leaves out what nobody looks at"

    def plan(self, layout):
        return None
"""
    machine.install("silence", "[orbital.processors]\nquiet = silence:Quiet\n", code)
    machine.config("processors: [{name: quiet}]\nsender: {direct: {file: {path: out.jsonl}}}\n")
    text = machine.sentinel("validate")
    assert "Would process with" in text.out, text.err
    assert "Leaves out what nobody looks at" in text.out
    assert machine.sentinel("validate", "--output", "json").data["processors"] == ["quiet"]


def test_validate_tells_notes(machine):
    """What is switched on and does nothing is told, and is not an error."""
    machine.config("sender: {mode: core}\nheartbeat: {interval: 5s}\n")
    done = machine.sentinel("validate")
    assert done.code == 0
    assert "note: heartbeat: " in done.out
    assert "note: sender.mode: " in done.out


def test_validate_touches_nobody(machine):
    """Names that do not resolve and servers that listen are left in peace."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        machine.config(f"""\
sender: {{direct: {{prometheus: {{url: "http://127.0.0.1:{port}/api/v1/write"}}}}}}
tasks:
  - {{id: a, plugin: ping, config: {{host: no-such-host.invalid}}}}
  - {{id: b, plugin: http, config: {{url: "http://127.0.0.1:{port}/"}}}}
""")
        assert machine.sentinel("validate").code == 0
        with pytest.raises(TimeoutError):
            server.accept()


BAD = {
    "unknown key": (
        "collector: {worker_pool: 3}\n",
        "config.yaml:1: collector.worker_pool: unknown key",
    ),
    "wrong type": (
        "collector: {worker_pool_size: many}\n",
        "config.yaml:1: collector.worker_pool_size: must be a whole number",
    ),
    "missing variable": ("sentinel: {name: '${NO_SUCH_VARIABLE}'}\n", "NO_SUCH_VARIABLE"),
    "unknown plugin": (
        "tasks:\n- {id: a, plugin: pong}\n",
        "config.yaml:2: tasks[0].plugin: no plugin is called 'pong'; did you mean ping?",
    ),
    "unknown writer": (
        "sender: {direct: {x: {writer: prometheos}}}\n",
        "no writer is called 'prometheos'",
    ),
    "twice the same id": (
        "tasks:\n- {id: a, plugin: ping, config: {host: h}}\n- {id: a, plugin: ping, config: {host: h}}\n",
        "config.yaml:3: tasks[1].id",
    ),
    "bad duration": ("collector: {default_interval: soon}\n", "is not a duration"),
    "no yaml": ("tasks: [\n", "config.yaml:"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("command", ["validate", "start"])
def test_a_bad_configuration_is_exit_78(machine, case: str, command: str):
    """One sentence with file, line, key and remedy, exit code 78, and nothing started."""
    text, says = BAD[case]
    machine.config(text)
    done = machine.sentinel(command)
    assert done.code == 78
    assert done.out == ""
    assert says in done.err
    assert "Traceback" not in done.err
    assert done.err.splitlines()[-1].endswith("in the configuration; nothing was started")
    assert not machine.socket.exists()
    assert not machine.data.exists()


def test_all_problems_come_at_once(machine):
    """Several mistakes are several lines, not several attempts."""
    machine.config(
        "colector: {}\nbuffer: {size: -1}\ntasks:\n- {id: a, plugin: pong}\n- {plugin: ping}\n"
    )
    done = machine.sentinel("validate")
    assert done.code == 78
    assert len([line for line in done.err.splitlines() if line.startswith("error: ")]) >= 4
    data = machine.sentinel("validate", "--output", "json")
    assert data.code == 78
    assert data.data["valid"] is False
    assert {p["key"] for p in data.data["problems"]} >= {
        "colector",
        "buffer.size",
        "tasks[0].plugin",
    }


def test_a_file_that_cannot_be_read(machine):
    """A missing file and a folder are told apart from a bad file."""
    missing = machine.sentinel("start", "-c", "nowhere.yaml")
    assert (missing.code, "no such file" in missing.err) == (78, True)
    folder = machine.sentinel("start", "-c", str(machine.root))
    assert (folder.code, "folder" in folder.err) == (78, True)
