"""The agent as a process: start, what it says while it runs, and every way to its end."""

from __future__ import annotations

import json
import signal
import socket
import time

import pytest


def stored(machine, name: str = "data/orbital-sentinel/samples.jsonl") -> list[dict]:
    path = machine.root / name
    if not path.exists():
        return []
    whole = [line for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
    return [json.loads(line) for line in whole]


def test_start_without_a_configuration(machine):
    """Two commands after installing: samples are in the file within 15 s, and Ctrl-C ends clean."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    machine.environ["SENTINEL_TELEMETRY__LISTEN"] = f"127.0.0.1:{port}"
    with machine.running() as agent:
        agent.until(lambda: "this-sentinel" in json.dumps(stored(machine)), "a sample of itself")
        agent.until_running()
        runs = machine.agent().get("/api/v1/status")["tasks"]["runs"]
        assert agent.ended(signal.SIGINT) == 0
    first = agent.log.read_text().splitlines()[:3]
    assert "no configuration file" in first[0]
    assert str(machine.data / "samples.jsonl") in first[1]
    assert "sentinel config init" in first[2]
    assert f"http://127.0.0.1:{port}" in agent.log.read_text()
    assert "Traceback" not in agent.log.read_text()
    last = [s for s in stored(machine) if s.get("name", s.get("metric")) == "up"]
    assert len(last) >= runs


def failed_tasks(machine):
    failed = machine.sentinel("tasks", "--status", "failed", "--output", "json").data
    return [task["id"] for task in failed]


def test_status_tasks_and_stop(machine, two_tasks):
    """A running agent tells how it is, in words and as JSON, and stops when it is asked to."""
    with machine.running() as agent:
        agent.until_running()
        agent.until(lambda: stored(machine, "samples.jsonl"), "a sample")
        agent.until(lambda: failed_tasks(machine), "a run that failed")
        text = machine.sentinel("status")
        assert text.code == 0
        assert "running, ready" in text.out
        assert any(line.split()[:2] == ["file", "ok"] for line in text.out.splitlines())
        status = machine.sentinel("status", "--output", "json").data
        assert status["tasks"]["total"] == 2
        ledger = status["outputs"][0]["ledger"]
        dropped = sum(ledger["dropped"].values())
        parts = ledger["delivered"] + ledger["waiting"] + ledger["dead_lettered"] + dropped
        assert ledger["accepted"] == parts > 0
        agent.until(lambda: failed_tasks(machine) == ["ill"], "the run after it, which fails too")
        table = machine.sentinel("tasks")
        assert any(line.startswith("well") and "success" in line for line in table.out.splitlines())
        stopped = machine.sentinel("stop")
        assert (stopped.code, stopped.out) == (0, "The sentinel has stopped.\n")
        assert agent.ended() == 0
    assert not machine.socket.exists()


@pytest.mark.parametrize("command", ["status", "stop", "tasks"])
def test_nobody_is_running(machine, command: str):
    """Commands that need an agent say that there is none, and where they looked."""
    done = machine.sentinel(command)
    assert done.code == 1
    assert "no sentinel is running" in done.err
    assert str(machine.socket) in done.err
    assert len(done.err.splitlines()) == 1


def test_after_a_kill_the_next_start_works(machine, two_tasks):
    """A dead socket stays behind: `status` sees through it, and the next agent replaces it."""
    with machine.running() as agent:
        agent.until_running()
        agent.ended(signal.SIGKILL)
    assert machine.socket.exists()
    assert "no sentinel is running" in machine.sentinel("status").err
    with machine.running() as agent:
        agent.until_running()
        assert agent.ended(signal.SIGTERM) == 0


def test_a_second_agent_is_refused(machine, two_tasks):
    """Two agents on one socket would steal each other's commands: the second says so and ends."""
    with machine.running() as agent:
        agent.until_running()
        second = machine.sentinel("start")
        assert second.code == 1
        assert "another sentinel is running" in second.err
        assert machine.sentinel("status").code == 0
        assert agent.ended(signal.SIGINT) == 0


def test_a_taken_port_is_said(machine, two_tasks):
    """A port in use ends the start with exit 1, the port, and the setting to change."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        machine.environ["SENTINEL_TELEMETRY__LISTEN"] = f"127.0.0.1:{port}"
        done = machine.sentinel("start")
    assert done.code == 1
    assert f"port {port}" in done.err
    assert "telemetry.listen" in done.err
    assert "Traceback" not in done.err
    assert not machine.socket.exists()


def test_the_socket_may_stand_elsewhere(machine, two_tasks):
    """telemetry.socket moves the socket, and commands with the same configuration find it."""
    machine.environ["SENTINEL_TELEMETRY__SOCKET"] = str(machine.root / "own.sock")
    machine.socket = machine.root / "own.sock"
    with machine.running() as agent:
        agent.until_running()
        assert machine.sentinel("status").code == 0
        del machine.environ["SENTINEL_TELEMETRY__SOCKET"]
        assert machine.sentinel("status").code == 1
        agent.ended(signal.SIGINT)


def test_logs_go_to_a_file(machine, two_tasks):
    """With `output: file` the terminal has one line that says where the log is; the file is JSON."""
    machine.environ["SENTINEL_LOGGING__OUTPUT"] = "file"
    machine.environ["SENTINEL_LOGGING__FORMAT"] = "json"
    machine.environ["SENTINEL_LOGGING__FILE_PATH"] = str(machine.root / "logs" / "s.log")
    with machine.running() as agent:
        agent.until_running()
        assert agent.ended(signal.SIGINT) == 0
    shown = agent.log.read_text().splitlines()
    assert shown[-1] == f"The log is in {machine.root / 'logs' / 's.log'}"
    entries = [
        json.loads(line) for line in (machine.root / "logs" / "s.log").read_text().splitlines()
    ]
    assert any("listening on" in entry["msg"] for entry in entries)


def test_an_unusable_log_file_is_said(machine, two_tasks):
    """A log that cannot be written is an error at start, in a sentence."""
    (machine.root / "plain").write_text("")
    machine.environ["SENTINEL_LOGGING__OUTPUT"] = "file"
    machine.environ["SENTINEL_LOGGING__FILE_PATH"] = str(machine.root / "plain" / "s.log")
    done = machine.sentinel("start")
    assert done.code == 1
    assert "logging.file_path" in done.err


def test_a_second_ctrl_c_means_now(machine, site):
    """An agent that still tries to deliver at its end gives up when it is asked again."""
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, never answers
        port = silent.getsockname()[1]
        machine.config(f"""\
buffer: {{flush_interval: 0s}}
sender: {{direct: {{prometheus: {{url: "http://127.0.0.1:{port}/api/v1/write"}}}}}}
tasks:
  - {{id: a, plugin: http, interval: 1s, config: {{url: "{site}"}}}}
""")
        with machine.running() as agent:
            agent.until_running()
            agent.until(
                lambda: machine.agent().get("/api/v1/status")["buffer"]["samples"], "a sample"
            )
            agent.process.send_signal(signal.SIGINT)
            agent.until(lambda: "stopping" in agent.log.read_text(), "the word `stopping`")
            while agent.process.poll() is None:  # the first ones may be echoes
                agent.process.send_signal(signal.SIGINT)
                time.sleep(0.1)
            assert agent.ended() == 0
        assert "stop requested twice" in agent.log.read_text()


def test_reload(machine, two_tasks):
    """`reload` tells what changed and applies it, logging included; a bad file changes nothing."""
    machine.environ["SENTINEL_PLUGINS__AUTO_RELOAD"] = "false"
    with machine.running() as agent:
        agent.until_running()
        text = two_tasks.read_text()
        two_tasks.write_text(text.replace("id: ill", "id: other") + "logging: {format: json}\n")
        done = machine.sentinel("reload")
        assert done.code == 0
        assert "ill" in done.out
        assert {task["id"] for task in machine.agent().get("/api/v1/tasks")["tasks"]} == {
            "well",
            "other",
        }
        again = machine.sentinel("reload").out.splitlines()
        assert again == [
            "nothing changed since the reload that changed this:",
            *done.out.splitlines(),
        ]
        two_tasks.write_text(text.replace("plugin: http", "plugin: htp"))
        bad = machine.sentinel("reload")
        assert bad.code == 78
        assert len(bad.err.splitlines()) == 3
        assert "did you mean http?" in bad.err
        assert "the old one stays" in bad.err
        assert agent.ended(signal.SIGINT) == 0
    assert json.loads(agent.log.read_text().splitlines()[-1])["msg"] == "stopped"


def test_a_log_that_cannot_move_stays_where_it_is(machine, two_tasks):
    """A reload that names an unusable log file says so in the old log and goes on."""
    machine.environ["SENTINEL_PLUGINS__AUTO_RELOAD"] = "false"
    with machine.running() as agent:
        agent.until_running()
        (machine.root / "plain").write_text("")
        moved = f"logging: {{output: file, file_path: {machine.root}/plain/s.log}}\n"
        two_tasks.write_text(two_tasks.read_text() + moved)
        assert machine.sentinel("reload").code == 0
        assert agent.ended(signal.SIGINT) == 0
    assert "the log stays as it is" in agent.log.read_text()
    assert "stopped" in agent.log.read_text()
