"""Collecting now: `trigger`, `test`, `run --once`."""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import TYPE_CHECKING

from orbital_testbench import free_port, wait_until
from orbital_testbench.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator


def lines(done) -> list[dict]:
    return [json.loads(line) for line in done.out.splitlines()]


def receive(machine, port: int) -> None:
    """A configuration whose one task waits for traps."""
    machine.config(f"""
sender: {{mode: direct, direct: {{file: {{path: samples.jsonl}}}}}}
tasks:
  - {{id: traps, plugin: snmp_trap, interval: 1h, config: {{listen: 127.0.0.1, port: {port}}}}}
""")


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


def test_trigger_prints_samples(machine, site):
    """One address, no configuration: its samples on stdout, nothing else, nothing stored."""
    done = machine.sentinel("trigger", "http", f"{site}/")
    assert done.code == 0
    assert done.err == ""
    first, *samples = done.out.splitlines()
    assert first.startswith(f"# {site}/: ")
    assert "probe_success 1" in samples
    assert 'probe_http_duration_seconds{phase="resolve"} 0' in samples
    assert not machine.data.exists()


def test_trigger_many(machine, site):
    """Many addresses at once are one JSON line each; one that fails does not hide the others."""
    good = [f"{site}/{number}" for number in range(20)]
    done = machine.sentinel("trigger", "http", *good, f"{site}/broken", "--output", "json")
    assert done.code == 1
    assert done.err == ""
    told = {line["target"]: line for line in lines(done)}
    assert {target for target, line in told.items() if line["status"] == "success"} == set(good)
    assert "500" in told[f"{site}/broken"]["error"]
    sample = told[good[0]]["samples"][0]
    assert sample.keys() == {"name", "labels", "value", "ts"}


def test_trigger_takes_options(machine, site):
    """-o sets any field of the device or plugin, nested ones and lists too."""
    done = machine.sentinel(
        "trigger", "http", f"{site}/broken", "-o", "expected_status=[500]", "-o", "timeout=2s"
    )
    assert done.code == 0, done.out


def test_trigger_takes_a_port_behind_the_host(machine, site):
    """HOST:PORT where the plugin has a port, as in `sentinel snmp`; what is not an address is told."""
    place = site.removeprefix("http://")
    assert (
        machine.sentinel("trigger", "http", place, place.replace("127.0.0.1", "localhost")).code
        == 0
    )
    assert machine.sentinel("trigger", "ping", "[::1]").code == 0
    for wrong, plugin in (("127.0.0.1:7", "ping"), ("127.0.0.1:x", "http")):
        done = machine.sentinel("trigger", plugin, wrong)
        assert (done.code, done.err) == (
            2,
            f"error: {wrong}: is not a host alone; its port goes into port\n",
        )


def test_trigger_with_wrong_fields_is_exit_2(machine):
    """Fields that the plugin does not take are told, all at once, before anything is asked."""
    done = machine.sentinel("trigger", "ping", "127.0.0.1", "-o", "count=many", "-o", "colour=red")
    assert done.code == 2
    assert done.out == ""
    assert "error: count: must be a whole number" in done.err
    assert "error: colour: unknown key" in done.err
    assert machine.sentinel("trigger", "ping", "127.0.0.1", "-o", "count").code == 2


def test_trigger_of_an_unknown_plugin(machine):
    """The sentence names what is installed."""
    done = machine.sentinel("trigger", "pong", "127.0.0.1")
    assert done.code == 1
    assert "no plugin is called 'pong'" in done.err
    assert "ping" in done.err


def test_trigger_begins_with_the_configurations_defaults(machine, site):
    """plugins.config holds for ad hoc collections, too."""
    machine.config("plugins: {config: {http: {expected_status: [500]}}}\n")
    assert machine.sentinel("trigger", "http", f"{site}/broken").code == 0


def test_run_once(machine, two_tasks):
    """Every task once, delivered, in a table; exit 1 because one failed; the other's samples are there."""
    done = machine.sentinel("run", "--once")
    assert done.code == 1
    rows = {line.split()[0]: line for line in done.out.splitlines()}
    assert rows["TASK"].split()[:4] == ["TASK", "PLUGIN", "DEVICE", "RESULT"]
    assert rows["well"].split()[3] == "ok"
    assert rows["ill"].split()[3] == "failed"
    assert "500" in rows["ill"]
    stored = [
        json.loads(line) for line in (machine.root / "samples.jsonl").read_text().splitlines()
    ]
    assert len(stored) >= 10
    assert "well" in json.dumps(stored)
    assert not machine.socket.exists()


def test_run_once_as_json(machine, two_tasks):
    """The same for programs."""
    runs = {run["task"]: run for run in machine.sentinel("run", "--once", "--output", "json").data}
    assert runs["well"]["status"] == "success"
    assert runs["well"]["samples"] > 0
    assert runs["ill"]["up"] is False


def test_run_once_is_exit_0_if_all_went_well(machine, two_tasks):
    """Scripts can rely on the exit code."""
    machine.environ["SENTINEL_TASKS__1__ENABLED"] = "false"
    assert machine.sentinel("run", "--once").code == 0


def test_test_asks_the_devices(machine, two_tasks):
    """`test` says for each task whether its device answers, and fails if one doesn't."""
    well = machine.sentinel("test", "well")
    assert well.code == 0
    assert well.out.startswith("well: ok: ")
    both = machine.sentinel("test", "well", "ill", "--output", "json")
    assert both.code == 1
    assert [line["ok"] for line in lines(both)] == [True, False]
    unknown = machine.sentinel("test", "wel")
    assert (unknown.code, "did you mean well?" in unknown.err) == (1, True)


def test_a_receiver_is_tested_by_listening(machine):
    """It can, or it says who has its port; `run --once` likewise, and nothing waits for a device to speak."""
    with taken_port() as port:
        receive(machine, port)
        taken = machine.sentinel("test", "traps")
        assert taken.code == 1
        assert f"UDP port {port} of 127.0.0.1 cannot be bound" in taken.out
        assert "cannot be bound" in machine.sentinel("run", "--once").out
    free = machine.sentinel("test", "traps")
    assert (free.code, free.out.startswith("traps: ok: can listen")) == (0, True)
    assert machine.sentinel("run", "--once").code == 0


def test_a_receiver_that_is_served_is_asked(machine):
    """Where the running sentinel has its address, `test` and `trigger` do not want it, too: they tell how it
    does there, after a run at once.
    """
    receive(machine, free_port())
    with machine.running() as agent:
        agent.until_running()
        asked = machine.sentinel("test", "traps")
        assert (asked.code, asked.err) == (0, "")
        assert asked.out.startswith("traps: ok: the running sentinel receives, ")
        run = machine.sentinel("trigger", "traps")
        assert run.code == 0
        assert run.out == "# traps: the running sentinel receives, 10 samples since its last look\n"
        (task,) = machine.agent().get("/api/v1/tasks")["tasks"]
        assert task["runs"] >= 3


def test_explained_samples_add_up(machine, site):
    """The run's own report is a part of all: of what came, of what was left out, and of what is left."""
    machine.config(f"""\
tasks:
  - id: well
    plugin: http
    config: {{url: "{site}/"}}
    processors:
      - {{name: filter, keep: [{{metric: [up, "probe_http_*"]}}]}}
""")
    done = machine.sentinel("trigger", "well", "--explain", "--output", "json")
    told = lines(done)[0]
    (step,) = told["steps"]
    assert 'up{task="well"} 1' in told["after"]
    assert any(line.startswith("scrape_") for line in step["left_out"])
    assert sorted([*told["after"], *step["left_out"]]) == sorted(told["before"])


def test_a_task_is_run_in_the_agent(machine, two_tasks):
    """With --in-agent its own task runs; without it stays as it is."""
    with machine.running() as agent:
        agent.until_running()

        def runs() -> int:
            tasks = machine.agent().get("/api/v1/tasks")["tasks"]
            return next(task["runs"] for task in tasks if task["key"] == "well")

        agent.until(lambda: runs() > 0, "the first run")
        done = machine.sentinel("trigger", "well", "--in-agent")
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith("# well: the running sentinel collected ")
        assert runs() > 1
    for wrong in (["ping", "127.0.0.1", "--in-agent"], ["well", "--in-agent", "--explain"]):
        assert machine.sentinel("trigger", *wrong).code == 2
    assert "no sentinel is running here" in machine.sentinel("trigger", "well", "--in-agent").err


def test_a_receiver_that_cannot_be_served_is_told(machine):
    """The running sentinel's own reason."""
    with taken_port() as port:
        receive(machine, port)
        with machine.running() as agent:
            agent.until_running()
            for command in ("test", "trigger"):
                told = machine.sentinel(command, "traps")
                assert told.code == 1
                assert f"does not receive: UDP port {port} of 127.0.0.1 cannot be" in told.out


@contextmanager
def site_that_waits(answer: Event) -> Iterator[str]:
    """Address of a web server that answers when it is told to."""

    class Waits(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer.wait(60)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Waits) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_progress_is_for_terminals(machine, tmp_path):
    """While a device takes long, a line on the terminal says what is tried; a pipe beside it gets the samples
    and not a word of it.
    """
    answer, terminal, out = Event(), Terminal(80, 24), tmp_path / "out"
    with site_that_waits(answer) as url, out.open("w") as pipe:
        process = machine.forks.start(
            ["trigger", "http", f"{url}/a", f"{url}/b", "-o", "timeout=60s"],
            cwd=machine.work, env=machine.environ | {"TERM": "xterm"},
            stdout=pipe, stderr=terminal.stream,
        )  # fmt: skip
        wait_until(lambda: f"asking {url}/a, " in terminal.shown, what="the line")
        answer.set()
        assert process.wait(60) == 0
    terminal.end()
    assert out.read_text().count("probe_success 1") == 2
    assert "asking" not in out.read_text()


def test_a_disabled_task_is_called_so(machine):
    """Whoever asks for it has it in the file, and looks for what is wrong with its name."""
    machine.config("tasks: [{id: a, plugin: ping, enabled: false, config: {host: h}}]\n")
    done = machine.sentinel("test", "a")
    assert done.code == 1
    assert done.err == "error: task a is disabled: set `enabled: true` in its configuration\n"
