"""Credentials of systemd, and a program."""

import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from orbital_sdk import ConfigurationError
from orbital_sdk.secret_provider import Surroundings
from orbital_secrets.command import LARGEST, Command, CommandConfig
from orbital_secrets.systemd import Systemd, SystemdConfig


def around(folder: Path, **environ: str) -> Surroundings:
    return Surroundings(environ, folder, folder)


def test_a_credential_is_found_with_and_without_the_prefix(tmp_path):
    """Only where systemd handed any over, and only in its folder."""
    (tmp_path / "orbital-sentinel.a").write_text("one\n")
    (tmp_path / "b").write_text("two")
    (tmp_path.parent / "c").write_text("three")
    given = Systemd(SystemdConfig(), around(tmp_path, CREDENTIALS_DIRECTORY=str(tmp_path)))
    assert given.get_all(["a", "b", "../c", "d"]) == {
        "a": SecretStr("one"), "b": SecretStr("two"), "../c": None, "d": None,
    }  # fmt: skip
    assert tmp_path / "b" in given.files("b")
    none = Systemd(SystemdConfig(), around(tmp_path))
    assert (none.get("a"), tuple(none.files("a"))) == (None, ())


PROGRAM = """
import json, os, sys
asked = json.load(sys.stdin)
assert asked["version"] == "1.0"
with open("runs", "a") as runs:
    runs.write("x")
print(json.dumps({name: {"value": f"{name}-{os.environ.get('X')}", "error": None}
                  for name in asked["secrets"] if name != "gone"}
                 | {"locked": {"value": None, "error": "it is locked"}}))
"""


@pytest.fixture
def command(tmp_path):
    """A provider that runs this Python program."""

    def made(program: str, **settings: object) -> Command:
        given = {"run": [sys.executable, "-c", program], "timeout": "60s", **settings}
        return Command(CommandConfig.model_validate(given), around(tmp_path))

    return made


def test_a_program_is_asked_for_all_names_at_once(command, tmp_path, monkeypatch):
    """It gets few of the agent's variables, and those that are set for it."""
    monkeypatch.setenv("X", "the agent's")
    asked = command(PROGRAM, environment={"X": "its own"}).get_all(["a", "gone", "locked"])
    assert asked["a"] == SecretStr("a-its own")
    assert asked["gone"] is None
    assert str(asked["locked"]) == "it is locked"
    assert (tmp_path / "runs").read_text() == "x"
    assert command(PROGRAM).get_all(["a"]) == {"a": SecretStr("a-None")}


def test_an_answer_is_used_again_as_long_as_the_cache_says(command, tmp_path):
    """Only for names that were asked for."""
    provider, now = command(PROGRAM, cache="1m"), [0.0]
    provider.clock = lambda: now[0]
    for names, runs in ((["a"], 1), (["a"], 1), (["a", "b"], 2), (["b", "a"], 2)):
        assert provider.get_all(names).keys() == set(names)
        assert len((tmp_path / "runs").read_text()) == runs
    now[0] = 61.0
    provider.get_all(["a"])
    assert len((tmp_path / "runs").read_text()) == 3


@pytest.mark.parametrize(
    ("program", "settings", "told"),
    [
        ("import sys; print('hush'); sys.exit(3)", {}, "ended with exit code 3"),
        ("print('hush')", {}, "printed no JSON"),
        ("import sys; print('{\"a\": {\"value\": [\"hush\"]}}')", {}, "printed no JSON"),
        ("print('hush' * 1_000_000)", {}, f"printed more than {LARGEST >> 20} MiB"),
        ("import time; print('hush', flush=True); time.sleep(600)", {"timeout": "0.2s"},
         "did not end within 200ms"),
        ("import os, time\nif os.fork(): time.sleep(600)\ntime.sleep(600)", {"timeout": "0.2s"},
         "did not end within 200ms"),
        ("import os, time\nif not os.fork(): os.setsid(); time.sleep(20)", {"timeout": "0.5s"},
         "did not end within 500ms"),
        ("", {"run": ["/no/such/program"]}, "/no/such/program: No such file or directory"),
    ],
)  # fmt: skip
def test_a_program_that_fails_is_told_without_its_output(command, program, settings, told):
    """It and its children are killed in time, and what it prints is bounded."""
    with pytest.raises(ConfigurationError) as caught:
        command(program, **settings).get_all(["a"])
    assert told in str(caught.value)
    assert "hush" not in str(caught.value)
