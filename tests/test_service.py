"""The agent as a service of systemd: what it tells the manager, and the unit that ships."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from orbital_sentinel.errors import Failure
from orbital_sentinel.service.installation import Installation
from orbital_sentinel.service.unit import NAME, check_visible, unit
from orbital_testbench import Answer, wait_until
from orbital_testbench.programs import MissingProgramError, find_program, skip_or_fail

UNIT = Path(__file__).parents[1] / "deploy" / "systemd" / "orbital-sentinel.service"
EXPOSURE = 15
"""Tenths that `systemd-analyze security` may count, of 100."""


@pytest.fixture
def manager(sentinel):
    """The socket that systemd listens on."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(sentinel.runtime / "notify"))
        listener.settimeout(30)
        yield listener


def heard(manager: socket.socket, word: str) -> str:
    """The next message with this word."""
    while word not in (message := manager.recv(4096).decode()):
        pass
    return message


def test_systemd_hears_of_start_reload_and_stop(sentinel, manager):
    """Ready when it collects, reloading at SIGHUP, stopping at SIGTERM, and signs of life between."""
    task = {"id": "here", "plugin": "ping", "interval": "1s", "config": {"host": "127.0.0.1"}}
    sentinel.configure(sender={"direct": {"file": {"path": "samples.jsonl"}}}, tasks=[task])
    sentinel.start(NOTIFY_SOCKET=manager.getsockname(), WATCHDOG_USEC="300000")
    assert "STATUS=1 task, " in heard(manager, "READY=1")
    heard(manager, "WATCHDOG=1")
    sentinel.process.send_signal(signal.SIGHUP)
    heard(manager, "RELOADING=1\nMONOTONIC_USEC=")
    heard(manager, "READY=1")
    assert sentinel.end(signal.SIGTERM) == 0
    heard(manager, "STOPPING=1")


def test_systemd_hears_why_it_does_not_start(sentinel, manager):
    """`systemctl status` shows the problem, and the unit tries again instead of leaving the service down."""
    sentinel.configure(sender={"direct": {"file": {"path": "samples.jsonl", "pth": "x"}}})
    done = sentinel.command("start", NOTIFY_SOCKET=manager.getsockname())
    assert done.returncode == 78
    assert "the configuration is bad: config.yaml:5: sender.direct.file.pth: unknown key" in heard(
        manager, "STATUS="
    )
    assert "RestartPreventExitStatus" not in UNIT.read_text()


@pytest.fixture
def analyze():
    """`systemd-analyze`, which needs no running systemd for this."""
    try:
        program = find_program("systemd-analyze", "systemd")
    except MissingProgramError as error:
        skip_or_fail(error)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)

    return run


def test_the_unit_is_one_that_systemd_takes(analyze, tmp_path):
    """Every line is known to it, and the sandbox is tight; only the program's place is changed here."""
    here = Path(sys.executable).with_name("sentinel")
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/usr/local/bin/sentinel", str(here)))
    verified = analyze("verify", "--man=no", str(unit))
    assert (verified.returncode, verified.stderr) == (0, "")
    secure = analyze(
        "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}", str(unit)
    )
    assert secure.returncode == 0, secure.stdout


@pytest.fixture
def machine(tmp_path):
    """A root folder of a system that does not run."""
    for name in ("systemctl", "systemd-sysusers"):
        try:
            find_program(name, "systemd")
        except MissingProgramError as error:
            skip_or_fail(error)
    if os.geteuid() != 0:
        pytest.skip("only root may make the user of a service")
    return Installation(tmp_path / "root")


def test_a_service_is_installed_and_removed(machine):
    """User, configuration, unit, start with the machine; whatever a user wrote stays at both ends."""
    tuple(machine.install("[Service]\n", "old: file\n"))
    machine.config.write_text("own: file\n")
    said = list(machine.install(unit(Path("/opt/x/bin/sentinel")), "a: b\n"))
    (line,) = [
        line for line in (machine.root / "etc/passwd").read_text().splitlines() if NAME in line
    ]
    assert line.split(":")[5] == f"/var/lib/{NAME}"
    owner = machine.config.stat()
    assert (str(owner.st_uid), stat.S_IMODE(owner.st_mode)) == (line.split(":")[2], 0o600)
    assert machine.config.read_text() == "own: file\n"
    assert "ExecStart=/opt/x/bin/sentinel start\n" in machine.unit_file.read_text()
    wanted = machine.root / f"etc/systemd/system/multi-user.target.wants/{NAME}.service"
    assert wanted.is_symlink()
    assert not machine.runs
    assert said[-1] == "It starts with the machine."
    assert [text.split()[0] for text in machine.uninstall()] == ["Removed", "Removed"]
    assert not wanted.is_symlink()
    assert not machine.unit_file.exists()
    assert machine.config.read_text() == "own: file\n"
    assert list(machine.uninstall()) == []


def test_another_configuration_is_given_to_the_service(tmp_path, machine):
    """It is the one that the unit names."""
    config = Path("/srv/own.yaml")
    other = Installation(machine.root, config)
    tuple(other.install(unit(Path("/opt/x/bin/sentinel"), config), "a: b\n"))
    assert other.config == tmp_path / "root" / "srv" / "own.yaml"
    assert stat.S_IMODE(other.config.stat().st_mode) == 0o600
    assert not machine.config.exists()


def test_the_unit_fits_a_machine(analyze, tmp_path):
    """Its program and another configuration, whatever characters their paths have."""
    sentinel = tmp_path / "a b%h" / "sentinel"
    sentinel.parent.mkdir()
    sentinel.symlink_to(Path(sys.executable).with_name("sentinel"))
    text = unit(sentinel, Path('/srv/it"s $HOME.yaml'))
    (line,) = [line for line in text.splitlines() if line.startswith("ExecStart=")]
    assert line.endswith('start --config "/srv/it\\"s $$HOME.yaml"')
    assert text.replace(line, "") == UNIT.read_text().replace(
        "ExecStart=/usr/local/bin/sentinel start", ""
    )
    file = tmp_path / UNIT.name
    file.write_text(text)
    verified = analyze("verify", "--man=no", str(file))
    assert (verified.returncode, verified.stderr) == (0, "")


def test_a_program_that_the_service_cannot_see_is_refused(tmp_path):
    """The sandbox hides home folders; without this the service would fail with a riddle."""
    with pytest.raises(Failure, match=r"is in /home .*, which the service does not see"):
        check_visible(Path("/home/me/.local/bin/sentinel"))
    check_visible(Path("/opt/orbital-sentinel/bin/sentinel"))


def test_the_unit_keeps_what_a_killed_agent_noted():
    """The note of what a kill takes is a file of the user's in /dev/shm (`crash_counts`). There systemd
    removes what the user left when a unit ends, also if it is started anew at once (systemd.exec(5),
    `RemoveIPC`).
    """
    settings = dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if "=" in line)
    assert settings["RemoveIPC"] == "no"


def test_a_stop_by_the_unit_ends_the_storage_process_last(sentinel, sink):
    """All processes of a unit get SIGTERM (systemd.kill(5), `KillMode=control-group`): the storage process
    goes on until the agent has written what it has.
    """
    sink.default = Answer(503)
    task = {"id": "here", "plugin": "ping", "interval": "1s", "config": {"host": "127.0.0.1"}}
    sentinel.configure(
        buffer={"type": "disk", "disk_path": "buffer", "sync": "interval"},
        sender={"direct": {"prometheus": {"url": sink.url}}},
        tasks=[task],
    )
    sentinel.start()
    wait_until(lambda: sentinel.account("prometheus").get("accepted"), what="samples")
    (storage,) = psutil.Process(sentinel.process.pid).children()
    storage.send_signal(signal.SIGTERM)
    assert sentinel.end(signal.SIGTERM) == 0
    log = sentinel.log.read_text()
    assert "samples wait on disk for the next start" in log
    assert "storage process" not in log
    assert not storage.is_running()
