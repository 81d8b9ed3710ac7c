"""`sentinel validate --connect`: every output by name, whether it would take samples, and none is sent."""

from __future__ import annotations

import json
import re
import socket

import pytest

from orbital_testbench import Answer, Prometheus, VictoriaMetrics


def asked(sentinel, **outputs):
    """The exit code, and what is said of each output."""
    sentinel.configure(sender={"direct": outputs})
    done = sentinel.command("validate", "--connect", "--output", "json")
    connections = json.loads(done.stdout)["connections"]
    return done.returncode, {one["output"]: (one["result"], one["message"]) for one in connections}


@pytest.mark.real
def test_all_are_well(sentinel, prometheus: Prometheus, victoria_metrics: VictoriaMetrics):
    """Exit code 0, a line for each of them, and nothing is made or stored."""
    code, said = asked(
        sentinel,
        prometheus={"url": prometheus.write_url},
        victoria_metrics={"url": victoria_metrics.write_url},
        file={"path": "deep/out.jsonl"},
    )
    assert (code, {result for result, _ in said.values()}) == (0, {"ok"})
    assert said["prometheus"][1] == f"{prometheus.write_url} takes remote write"
    assert "can be made" in said["file"][1]
    assert not (sentinel.folder / "deep").exists()
    table = sentinel.command("validate", "--connect").stdout
    assert "Connections" in table


def test_each_fault_is_named_and_costs_no_other(sentinel, hostile_server):
    """Nobody there, a wrong path, one that is silent for longer than the time-out, a folder that is a file;
    and one that is well.
    """
    hostile_server.default = Answer(404)
    (sentinel.folder / "taken").write_text("")
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.socket() as dead:
        dead.bind(("127.0.0.1", 0))  # ours, and nobody listens
        code, said = asked(
            sentinel,
            dead={
                "writer": "prometheus",
                "url": f"http://127.0.0.1:{dead.getsockname()[1]}/w",
            },
            wrong={"writer": "prometheus", "url": hostile_server.url + "/w"},
            silent={
                "writer": "prometheus",
                "url": f"http://127.0.0.1:{silent.getsockname()[1]}/w",
                "timeout": "500ms",
            },
            folder={"writer": "file", "path": "taken/out.jsonl"},
            well={"writer": "file", "path": "out.jsonl"},
        )
    assert code == 1
    assert {name: result for name, (result, _) in said.items()} == {
        **dict.fromkeys(("dead", "wrong", "silent", "folder"), "failed"),
        "well": "ok",
    }
    for name, words in (
        ("dead", "refused"),
        ("wrong", "look at url"),
        ("silent", r"in time|within 0\.5 s"),  # whose clock is the first to notice is all the same
        ("folder", "not a directory"),
    ):
        assert re.search(words, said[name][1]), said
    assert said["well"][1] == f"{sentinel.folder} takes files"


STRANGERS = """
import time
from orbital_sdk import Writer, WriterConfig

class Mute(Writer[WriterConfig]):
    name = "mute"
    def write(self, batches, attempt):
        raise AssertionError("nobody should write")

class Odd(Mute):
    name = "odd"
    def test_connection(self):
        raise SystemExit

class Slow(Mute):
    name = "slow"
    def test_connection(self):
        time.sleep(3600)
"""


def test_strangers_writers(sentinel):
    """Who cannot ask is not a failure; who raises anything, and who never returns, costs itself alone."""
    sentinel.install("acme-store", STRANGERS, group="writers", mute="Mute", odd="Odd", slow="Slow")
    code, said = asked(sentinel, mute={}, odd={}, slow={"timeout": "300ms"})
    assert code == 1
    assert said == {
        "mute": ("not asked", "writer 'mute' cannot ask"),
        "odd": ("failed", "a bug in writer 'odd': SystemExit()"),
        "slow": ("failed", "no answer within 0.3 s"),
    }
