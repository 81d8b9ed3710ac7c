"""What we show somebody works with the plugins and writers that we ship: each configuration, each command."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from typer.main import get_command

from orbital_devcore.demo import load as load_demo
from orbital_plugin_snmp.profiles.loading import parse as parse_profile
from orbital_runtime.settings import load, template
from orbital_sentinel.app import app

ROOT = Path(__file__).parents[1]
TRACKED = subprocess.run(
    ["git", "ls-files", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True
)
PAGES = [ROOT / name for name in TRACKED.stdout.split() if "changelog.d" not in name]
ELSEWHERE = {
    "hello.yaml": "the contract's own tests run it, with the plugin that it is about",
    "rule_files: [alerts.yaml]": "a configuration of Prometheus",
}
"""First words of examples that are not for us alone."""
BODIES = {"clickhouse": "sender:\n  direct:\n    clickhouse:\n      dsn: http://h/d\n"}
"""What stands before an example that begins in the middle, by the end of its package's name."""
RUN = {
    "config init": "config.yaml",
    "validate": "",
    "validate --buffer": "",
    "config show": "sentinel:",
    "config schema": "$schema",
    "plugins list": "snmp",
    "buffer status": "the buffer is in memory",
}
"""Commands that need no device and no agent that runs -> what they say."""


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, *kinds: str) -> list[str]:
    fenced = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    return [text for kind, text in fenced.findall(page.read_text("utf-8")) if kind in kinds]


EXAMPLES = [
    pytest.param(page, text, id=f"{name_of(page)} {number}")
    for page in PAGES
    for number, text in enumerate(blocks(page, "yaml"))
    if text.partition("\n")[0].strip("# ") not in ELSEWHERE
]


def loaded(tmp_path: Path, text: str):
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    for name in re.findall(r"\$\{secret:([^}]+)", text):
        (tmp_path / name).write_text("a-long-t0ken")
    environ = dict.fromkeys(re.findall(r"\$\{(\w+)", text), "a-long-t0ken")
    return load(file, environ | {"CREDENTIALS_DIRECTORY": str(tmp_path)})


def test_the_starter_file_works_as_it_is(tmp_path):
    """`sentinel config init`, then `sentinel start`: no note, no problem."""
    configuration = loaded(tmp_path, template())
    assert [task.plugin for task in configuration.tasks] == ["ping"]
    assert [output.name for output in configuration.outputs] == ["file"]
    assert configuration.notes == ()


def test_the_starter_file_works_with_all_that_it_offers(tmp_path):
    """Whoever takes a # away gets what stands behind it."""
    body = template().split("\n\n", 1)[1]
    configuration = loaded(tmp_path, re.sub(r"(?m)^( *)# ", r"\1", body))
    assert [task.plugin for task in configuration.tasks] == ["ping", "http"]
    assert [output.name for output in configuration.outputs] == ["file", "prometheus", "central"]


@pytest.mark.parametrize(("page", "text"), EXAMPLES)
def test_what_a_page_shows_in_yaml_is_valid(tmp_path, authority, page, text):
    """Every block of every page may be copied: a whole configuration, a task's `config`, more keys of an
    output, a profile of SNMP, or what devcore begins with.
    """
    text = text.replace("/etc/sentinel/site-ca.pem", str(authority.ca_file))
    given = yaml.safe_load(text)
    package = page.parent.name
    if text.startswith(" "):
        text = BODIES[package.rpartition("-")[2]] + text
    elif package == "devcore":
        file = tmp_path / "demo.yaml"
        file.write_text(text)
        assert load_demo(file).tasks
        return
    elif "scalars" in given:
        assert parse_profile(text, source=name_of(page), name="shown").tables
        return
    elif given.keys() == {"config"}:
        plugin = package.removeprefix("orbital-plugin-")
        text = yaml.safe_dump(
            {"tasks": [{"id": "shown", "plugin": plugin, "interval": "30s"} | given]}
        )
    configuration = loaded(tmp_path, text)
    used = configuration.tasks, configuration.outputs, configuration.processors
    assert any(used) or given.keys() == {"secrets"}


def test_the_built_in_configuration_is_valid(tmp_path, monkeypatch):
    """A machine without any configuration."""
    monkeypatch.chdir(tmp_path)
    folders = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    configuration = load(None, folders)
    assert configuration.path is None
    assert [task.plugin for task in configuration.tasks] == ["ping", "http"]
    assert configuration.notes == ()


PYTHON = [page for page in PAGES if blocks(page, "python")]
SKETCHES = {
    "tools/testbench/README.md": "pieces that need the fixtures which they are about",
}
"""Pages whose Python is not meant to run as it stands."""


@pytest.mark.parametrize("page", PYTHON, ids=name_of)
def test_python_that_a_page_shows_is_run(page):
    """All of it can be read, and the page's package has a test that runs it."""
    for text in blocks(page, "python"):
        compile(text, name_of(page), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    tests = [file.read_text("utf-8") for file in page.parent.glob("tests/test_*readme.py")]
    assert any("python" in text for text in tests) != (name_of(page) in SKETCHES)


def lines(page: Path) -> list[str]:
    """Commands of ours that stand in a page's blocks."""
    shown = "\n".join(blocks(page, "", "sh", "console"))
    return re.findall(r"(?m)^(?:\$ )?sentinel (.*?)(?:\s{2,}#.*)?$", shown)


COMMANDS = sorted({line for page in PAGES for line in lines(page)})


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_that_a_page_shows_is_one(line):
    """Its name, its options and its arguments are there, whether it needs a device or not."""
    command: Any = get_command(app)
    context, rest, name = None, shlex.split(line, comments=True), "sentinel"
    while True:
        context = command.make_context(name, list(rest), parent=context)
        if not isinstance(command, click.Group):
            return
        name, command, rest = command.resolve_command(
            context, [*context._protected_args, *context.args]
        )


def test_commands_that_need_nothing_run(sentinel):
    """Each that a page shows and that asks no device, no server and no agent, one after the other."""
    shown = [line for line in RUN if line in COMMANDS]
    assert shown == list(RUN)
    for line, says in RUN.items():
        done = sentinel.command(*shlex.split(line))
        assert says in done.stdout + done.stderr, (line, done)
