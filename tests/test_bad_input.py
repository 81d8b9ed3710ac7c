"""Bad input: a sentence each, with file, line, key and what would be right; exit code 78, nothing started."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from orbital_testbench import SOMEBODY, without_rights

if TYPE_CHECKING:
    from pathlib import Path

BAD = """\
sentinel:
  nmae: edge-1
collector:
  worker_pool_size: ten
  max_execution_time: 5 minutes
core:
  api_token: ${NOT_SET_ANYWHERE}
buffer:
  type: tape
sender:
  direct:
    kafka: {brokers: k1}
    prometheus: {url: "http://user:hush-hush@p.example/api/v1/write"}
tasks:
  - id: a
    plugin: pign
    config: {host: 127.0.0.1}
  - id: a
    plugin: ping
    interval: 10 parsecs
    config: {host: -c, password: hush-hush}
  - id: b
    plugin: ping
    interval: 0s
    timeout: soon
    config: {hots: 127.0.0.1}
"""
DURATION = "is not a duration; write it like 30s, 5m, 1h30m or 500ms"
TOLD = [
    "2: sentinel.nmae: unknown key; did you mean name?",
    "4: collector.worker_pool_size: must be a whole number",
    f"5: collector.max_execution_time: '5 minutes' {DURATION}",
    "7: core.api_token: environment variable NOT_SET_ANYWHERE is not set; set it, or write ${NOT_SET_",
    "9: buffer.type: must be memory or disk",
    "12: sender.direct.kafka: no writer is called 'kafka'; installed: ",
    "13: sender.direct.prometheus.url: ",
    "16: tasks[0].plugin: no plugin is called 'pign'; did you mean ping?",
    "18: tasks[1].id: another task is called a already, at config.yaml:15; give it an id of its own",
    f"20: tasks[1].interval: '10 parsecs' {DURATION}",
    "21: tasks[1].config.host: is not of the right form; it is: Address or DNS name",
    "21: tasks[1].config.password: unknown key; ",
    "24: tasks[2].interval: must be at least 10ms",
    f"25: tasks[2].timeout: 'soon' {DURATION}",
    "26: tasks[2].config.host: is missing; it is: Address or DNS name",
    "26: tasks[2].config.hots: unknown key; did you mean host?",
]
COMMANDS = ["start", "validate", "run --once", "test a", "config show", "trigger ping 127.0.0.1"]


def refused(sentinel, done: subprocess.CompletedProcess[str]) -> list[str]:
    """What was told on stderr, after checking that this was all that happened."""
    assert done.returncode == 78, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "hush" not in done.stderr
    assert not list(sentinel.runtime.iterdir())  # no socket
    assert not sentinel.folder.joinpath("data").exists()  # no id, no samples, no crash report
    *told, summary = done.stderr.splitlines()
    assert summary.endswith("in the configuration; nothing was started")
    assert all(line.startswith("error: ") for line in told)
    return [line.removeprefix("error: ") for line in told]


def write(sentinel, content: str | bytes, mode: int = 0o600) -> Path:
    content = content.encode() if isinstance(content, str) else content
    sentinel.config.write_bytes(content)
    sentinel.config.chmod(mode)
    return sentinel.config


@pytest.mark.parametrize("command", COMMANDS)
def test_everything_wrong_is_told_at_once(sentinel, command):
    """Sixteen mistakes are sixteen lines, whichever command meets them, in the file's order."""
    write(sentinel, BAD)
    told = refused(sentinel, sentinel.command(*command.split()))
    assert len(told) == len(TOLD)
    for line, expected in zip(sorted(told), sorted(f"config.yaml:{t}" for t in TOLD), strict=True):
        assert line.startswith(expected)
    lines = [int(line.split(":")[1]) for line in told]
    assert lines == sorted(lines)


def test_programs_get_the_same_as_json(sentinel):
    """`validate --output json` has file, line, key, message and hint of each."""
    write(sentinel, BAD)
    done = sentinel.command("validate", "--output", "json")
    assert done.returncode == 78
    told = json.loads(done.stdout)
    assert told["valid"] is False
    assert len(told["problems"]) == len(TOLD)
    first = {"file": "config.yaml", "line": 2, "key": "sentinel.nmae", "message": "unknown key"}
    assert told["problems"][0] == first | {"hint": "did you mean name?"}
    assert "hush" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", ":1: holds no settings; `sentinel config init` writes a file to begin with"),
        ("# nothing yet\n", ":1: holds no settings; "),
        ("tasks: [\n", ":1: not readable as YAML: "),
        ("tasks:\n\t- id: a\n", ":2: not readable as YAML: "),
        ("just words", ":1: must be sections, that is, lines like `sender:`"),
        ("- a list\n", ":1: must be sections, "),
        ("sentinel: {name: a, name: b}\n", ":1: sentinel.name: stands here a second time"),
        ("sentinel: {}\n---\nsentinel: {}\n", ":3: a second document begins here"),
        ("a: &a [*a]\n", ":1: *a refers to nothing that stands before it"),
        ("sentinel: !!python/object/apply:os.system [id]\n", ":1: the tag tag:yaml.org,2002:python"),
        ("a: " + "[" * 5000, ":1: "),
        (b"\x7fELF\x02\x01\x01\x00\xff\xfe", ":1: is not UTF-8 text; save the file as UTF-8"),
        ("a: \0\n", ":1: not readable as YAML: "),
        (b"a" * 10_000_000, ":1: must be sections, "),
        ("- " * 5_000_000, ":1: "),
        (b"#" * (33 << 20), ": is larger than 32 MiB"),
    ],
    ids=[
        "empty", "comments", "open-list", "tab", "words", "list", "key-twice", "two-documents",
        "loop", "python-tag", "deep", "binary", "nul", "10-MB-word", "10-MB-list", "33-MB",
    ],
)  # fmt: skip
def test_a_file_that_is_no_configuration_is_one_problem(sentinel, content, told):
    """Whatever stands in it: one sentence with its place, soon."""
    write(sentinel, content)
    (line,) = refused(sentinel, sentinel.command("start"))
    assert line.startswith(f"config.yaml{told}")
    assert len(line) < 400


def test_a_path_that_is_no_file_is_told(sentinel):
    """A folder, and nothing at all."""
    sentinel.folder.joinpath("folder").mkdir()
    (folder,) = refused(sentinel, sentinel.command("start", "--config", "folder"))
    assert folder == "folder: is a folder; name the file in it, for example config.yaml"
    (missing,) = refused(sentinel, sentinel.command("start", "-c", "nowhere.yaml"))
    hint = "`sentinel config init` writes one to begin with"
    assert missing == f"nowhere.yaml: there is no such file; {hint}"


@pytest.mark.parametrize("how", ["named", "found", "in-a-closed-folder"])
def test_a_file_without_the_right_to_read_it_is_told(sentinel, how):
    """It is not passed over for the built-in configuration either."""
    folder = sentinel.folder / "config" / "orbital-sentinel"
    folder.mkdir(parents=True)
    file = folder / "config.yaml"
    file.write_text("sentinel: {name: edge-1}\n")
    close(folder if how == "in-a-closed-folder" else file)
    arguments = ["start", "--config", str(file)] if how == "named" else ["start"]
    done = subprocess.run(
        [*without_rights(), sys.executable, "-m", "orbital_sentinel", *arguments],
        cwd=sentinel.folder, env=sentinel.environ, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    (line,) = refused(sentinel, done)
    assert line == f"{file}: may not be read; give this user the right to read it"


def close(path: Path) -> None:
    """Nobody who runs these tests may read it, root without its capabilities included."""
    if os.geteuid() == 0:
        os.chown(path, SOMEBODY, SOMEBODY)
    path.chmod(stat.S_IRUSR | stat.S_IXUSR if os.geteuid() == 0 else 0)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("core: {api_token: hush-hush}", "core.api_token"),
        (
            "sender: {direct: {p: {writer: prometheus, url: 'http://p/w', bearer_token: hush-hush}}}",
            "sender.direct.p.bearer_token",
        ),
        (
            "tasks: [{id: a, plugin: http, config: {url: 'http://a/', password: hush-hush, username: u}}]",
            "tasks[0].config.password",
        ),
    ],
    ids=["core", "output", "task"],
)
@pytest.mark.parametrize("mode", [0o644, 0o640])
def test_a_secret_that_others_may_read_is_refused(sentinel, text, key, mode):
    """In the clear, in a file of the wrong mode: refused with the command that helps; 0600 is right."""
    write(sentinel, text, mode)
    (line,) = refused(sentinel, sentinel.command("start"))
    help_ = "run `chmod 600 config.yaml`, or write ${NAME} and set that variable"
    assert line == f"config.yaml:1: {key}: is a secret, and others may read this file; {help_}"
    sentinel.config.chmod(0o600)
    done = sentinel.command("validate")
    assert done.returncode == 0, done.stderr
    assert "hush" not in done.stdout + done.stderr


def test_a_bad_variable_is_told_by_its_name(sentinel):
    """Who sets keys in a unit file finds the line that is wrong."""
    wrong = {"SENTINEL_BUFFER__SIZE": "many", "SENTINEL_SENDER__MDOE": "direct"}
    told = refused(sentinel, sentinel.command("start", **wrong))
    assert told == [
        "SENTINEL_BUFFER__SIZE: buffer.size: must be a whole number",
        "SENTINEL_SENDER__MDOE: sender.mdoe: unknown key; did you mean mode?",
    ]
