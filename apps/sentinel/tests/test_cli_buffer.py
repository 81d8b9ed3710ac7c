"""`sentinel buffer` on a running agent and on the folder it leaves: the same answers, and clear refusals.

Agents are mostly killed: a stop would try for ten seconds to deliver what waits.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orbital_runtime_testing.buffer.images import make_image
from orbital_testbench import SOMEBODY, as_root, without_rights

DEAD = "http://127.0.0.1:9/api/v1/write"


def configure(machine, site, *, kind="disk", outputs=("dead", "file"), more=""):
    """One task; `dead` never takes anything, `file` takes everything."""
    known = {
        "dead": f'dead: {{writer: prometheus, url: "{DEAD}"}}',
        "b": f"b: {{writer: file, path: {machine.root}/samples.jsonl, flush_interval: 100ms}}",
        "file": f"file: {{path: {machine.root}/samples.jsonl, flush_interval: 100ms}}",
    }
    lines = "\n".join(f"    {known[name]}" for name in outputs)
    machine.config(f"""\
buffer: {{type: {kind}, disk_path: {machine.work}/buffer{more}}}
sender:
  direct:
{lines}
tasks:
  - {{id: well, plugin: http, interval: 300ms, config: {{url: "{site}/"}}}}
""")


def status(machine):
    return machine.sentinel("buffer", "status", "--output", "json").data


def book(told, name):
    return next(one for one in told["outputs"] if one["name"] == name)


def waiting(machine):
    return book(machine.agent().get("/api/v1/buffer"), "dead")["waiting"]


def test_running_and_stopped_say_the_same(machine, site):
    """What the agent says at its end is what the folder says afterwards: ledger, lines, verdict."""
    configure(machine, site)
    with machine.running() as agent:
        agent.until_running()
        agent.until(lambda: waiting(machine) > 50, "samples that wait")
        live = status(machine)
        assert live["running"]
        assert machine.sentinel("buffer", "verify").code == 0
        lines = machine.sentinel("buffer", "export", "--output", "dead").out.splitlines()
        assert len(lines) >= book(live, "dead")["waiting"]
        inspected = machine.sentinel("buffer", "inspect")
        assert "well" in inspected.out
        assert agent.ended(signal.SIGTERM) == 0
    stopped = status(machine)
    assert not stopped["running"]
    dead, file = book(stopped, "dead"), book(stopped, "file")
    assert dead["waiting"] == dead["accepted"] == file["delivered"] == file["accepted"] > 50
    assert dead["needs"][0][0] == book(live, "dead")["needs"][0][0]
    after = machine.sentinel("buffer", "export", "--output", "dead").out.splitlines()
    assert after[: len(lines)] == lines
    assert len(after) == dead["waiting"]
    verdict = machine.sentinel("buffer", "verify", "--output", "json").data
    assert verdict["ok"]
    assert [one["waiting"] for one in verdict["outputs"]] == [dead["waiting"], 0]
    text = machine.sentinel("buffer", "status").out
    assert f"{dead['waiting']:,}" in text
    assert "not running" in text


def test_a_line_stands_alone(machine, site):
    """Each exported line has time, value, name, labels and where it comes from; the rest can be asked for."""
    configure(machine, site)
    with machine.running() as agent:
        agent.until_running()
        agent.until(lambda: waiting(machine) > 20, "samples that wait")
        (line,) = machine.sentinel("buffer", "export", "--limit", "1").out.splitlines()
        sample = json.loads(line)
        assert sample["task"] == "well"
        assert sample["plugin"] == "http"
        assert {"name", "value", "labels", "timestamp_ms", "device", "sentinel"} <= sample.keys()
        assert "dead" in sample["waits_for"]
        shown = machine.sentinel(
            "buffer", "inspect", "--seq", str(sample["sequence"]), "--output", "json"
        ).data
        assert sample["name"] in [one["name"] for one in shown["samples"]]
        assert machine.sentinel("buffer", "export", "--until", "1h").out == ""
        assert (
            machine.sentinel("buffer", "export", "--since", "1h", "--limit", "3").out.count("\n")
            == 3
        )
        wrong = machine.sentinel("buffer", "export", "--output", "json")
        assert (wrong.code, wrong.out) == (1, "")
        assert "it knows: dead, file" in wrong.err
        assert machine.sentinel("buffer", "export", "--since", "yesterday").code == 2
        piped = first_line(machine)
        assert json.loads(piped.stdout)
        assert piped.stderr == "", "a closed pipe ends quietly"


def first_line(machine):
    """`sentinel buffer export | head -1`."""
    export = f"{sys.executable} -m orbital_sentinel buffer export"
    return subprocess.run(
        ["bash", "-c", f"{export} | head -1"], cwd=machine.work, env=machine.environ,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_an_orphan_over_reload_restart_and_return(machine, site):
    """Taken out of the file it is shown everywhere and kept over a restart; put back its data goes on."""
    configure(machine, site)
    with machine.running() as agent:
        agent.until_running()
        agent.until(lambda: waiting(machine) > 20, "samples that wait")
        configure(machine, site, outputs=("file",))
        assert machine.sentinel("reload").code == 0
        kept = waiting(machine)
        told = machine.agent().get("/api/v1/status")
        assert [r["subject"] for r in told["reasons"] if r["reason"] == "output_orphaned"] == [
            "dead"
        ]
        assert told["ready"]
        text = machine.sentinel("status").out
        assert any(line.split()[:2] == ["dead", "orphaned"] for line in text.splitlines())
        metrics = machine.agent().fetch("/metrics").decode()
        assert 'sentinel_output_orphaned{output="dead"} 1.0' in metrics
        assert 'sentinel_output_orphaned{output="file"} 0.0' in metrics
        assert agent.ended(signal.SIGKILL) == -signal.SIGKILL
    assert book(status(machine), "dead")["state"] == "orphaned"
    with machine.running() as agent:
        agent.until_running()
        assert (book(status(machine), "dead")["state"], waiting(machine)) == ("orphaned", kept)
        assert "output dead is not configured any more" in agent.log.read_text()
        configure(machine, site)
        assert machine.sentinel("reload").code == 0
        agent.until(lambda: waiting(machine) > kept, "new samples")
        assert book(status(machine), "dead")["state"] == "attached"
        agent.ended(signal.SIGKILL)
    assert machine.sentinel("buffer", "verify").code == 0


def test_an_orphan_ages_out(machine, site):
    """buffer.orphan_age: dropped under `orphaned`, said in the log."""
    configure(machine, site)
    with machine.running() as agent:
        agent.until_running()
        agent.until(lambda: waiting(machine) > 0, "samples that wait")
        agent.ended(signal.SIGKILL)
    configure(machine, site, outputs=("file",), more=", orphan_age: 100ms")
    with machine.running() as agent:
        agent.until_running()
        agent.until(lambda: book(status(machine), "dead")["dropped"].get("orphaned"), "its end")
        assert "(orphaned)" in agent.log.read_text()


def test_dropping_needs_a_yes(machine, site):
    """Nobody is there to answer: nothing happens. With --yes it is counted as removed; live and stopped."""
    configure(machine, site)
    with machine.running() as agent:
        agent.until_running()
        agent.until(lambda: waiting(machine) > 20, "samples that wait")
        asked = machine.sentinel("buffer", "drop", "--output", "dead")
        assert asked.code == 2
        assert "will be lost" in asked.err
        assert waiting(machine) > 20
        young = machine.sentinel(
            "buffer", "drop", "--output", "dead", "--older-than", "1h", "--yes"
        )
        assert (young.code, "no waiting samples" in young.out) == (0, True)
        assert machine.sentinel("buffer", "drop", "--output", "dead", "--yes").code == 0
        assert book(status(machine), "dead")["dropped"]["removed"] > 20
        agent.until(lambda: waiting(machine) > 0, "further samples")
        wrong = machine.sentinel("buffer", "drop", "--output", "deed", "--yes")
        assert "there is: dead, file" in wrong.err
        agent.ended(signal.SIGKILL)
    before = book(status(machine), "dead")
    done = machine.sentinel("buffer", "drop", "--output", "dead", "--yes")
    assert done.out == f"Dropped {before['waiting']:,} samples; of output dead 0 wait on.\n"
    after = book(status(machine), "dead")
    assert after["dropped"]["removed"] == before["dropped"]["removed"] + before["waiting"]
    assert after["state"] == "attached"
    assert machine.sentinel("buffer", "verify").code == 0


def test_absurd_numbers_are_answered_alike(machine, site):
    """Before all batches, behind all numbers, older than the world: the same words, whoever is asked."""
    absurd = [
        ("inspect", "--seq", "-1"),
        ("inspect", "--seq", "9" * 40),
        ("drop", "--output", "dead", "--older-than", "99999999999999999h"),
    ]
    configure(machine, site)
    with machine.running() as agent:
        agent.until_running()
        agent.until(lambda: waiting(machine) > 0, "samples that wait")
        live = [machine.sentinel("buffer", *arguments) for arguments in absurd]
        agent.ended(signal.SIGKILL)
    assert live == [machine.sentinel("buffer", *arguments) for arguments in absurd]
    assert [done.code for done in live] == [1, 1, 0]
    assert "no batch -1 waits" in live[0].err
    assert "no waiting samples" in live[2].out


def test_a_person_is_asked(machine):
    """With how much it is about; only a yes drops it."""
    image = make_image(machine.work / "buffer")
    machine.config(f"buffer: {{type: disk, disk_path: {machine.work}/buffer}}\n")
    name = next(one["name"] for one in status(machine)["outputs"] if one["waiting"])
    drop = ("buffer", "drop", "--output", name, "--older-than", "1s")
    for answer in ("n", ""):
        done = machine.answering(answer, *drop)
        assert (done.code, "Nothing was dropped." in done.out) == (0, True), image
        assert f"waiting samples of output {name} that are older than 1s will be lost" in done.out
    assert "Dropped" in machine.answering("y", *drop).out
    assert book(status(machine), name)["waiting"] == 0


def test_the_ledger_survives_a_kill(machine, site):
    """`sentinel status` after a kill -9 goes on where the last agent was; nothing accepted is missing."""
    configure(machine, site)
    with machine.running() as agent:
        agent.until_running()
        agent.until(lambda: waiting(machine) > 50, "samples that wait")
        before = {
            one["name"]: one["ledger"] for one in machine.agent().get("/api/v1/status")["outputs"]
        }
        agent.ended(signal.SIGKILL)
    with machine.running() as agent:
        agent.until_running()
        told = machine.sentinel("status", "--output", "json").data
        for one in told["outputs"]:
            now, then = one["ledger"], before[one["name"]]
            assert now["accepted"] >= then["accepted"] > 50
            assert now["delivered"] >= then["delivered"]
            gone = now["delivered"] + now["dead_lettered"] + sum(now["dropped"].values())
            assert now["accepted"] == gone + now["waiting"]
        metrics = machine.agent().fetch("/metrics").decode().splitlines()
        name = 'sentinel_output_accepted_samples_total{output="dead"} '
        (told,) = (float(line.removeprefix(name)) for line in metrics if line.startswith(name))
        assert told >= before["dead"]["accepted"]


def test_a_buffer_in_memory(machine, site):
    """A running agent answers for it as for a disk; without one nothing is left, and that is said."""
    configure(machine, site, kind="memory")
    with machine.running() as agent:
        agent.until_running()
        agent.until(lambda: waiting(machine) > 20, "samples that wait")
        assert status(machine)["type"] == "memory"
        assert machine.sentinel("buffer", "verify").out.startswith("OK: ")
        assert len(machine.sentinel("buffer", "export").out.splitlines()) > 20
        agent.ended(signal.SIGKILL)
    done = machine.sentinel("buffer", "status")
    assert done.code == 1
    assert "in memory" in done.err


@pytest.mark.parametrize("command", ["status", "export"])
def test_no_buffer_is_said(machine, site, command):
    """Neither an agent nor a folder: where it was looked for, and which setting says so."""
    configure(machine, site)
    done = machine.sentinel("buffer", command)
    assert (done.code, done.out) == (1, "")
    assert f"no disk buffer in {machine.work}/buffer" in done.err
    assert "buffer.disk_path" in done.err
    assert len(done.err.splitlines()) == 1


def test_an_agent_that_is_not_found_by_this_configuration(machine, site):
    """Its socket stands elsewhere: the process that has the folder is named."""
    configure(machine, site)
    with machine.running() as agent:
        agent.until_running()
        machine.environ["SENTINEL_TELEMETRY__SOCKET"] = str(machine.root / "other.sock")
        done = machine.sentinel("buffer", "status")
    assert done.code == 1
    assert f"process {agent.process.pid} has the buffer" in done.err
    assert "-c" in done.err


@as_root
def test_another_users_agent(machine, site):
    """Who may not ask the agent is told to be its user, and not to take its folder away from it."""
    configure(machine, site)
    asked = (sys.executable, "-m", "orbital_sentinel", "buffer", "status")
    with machine.running() as agent:
        agent.until_running()
        for folder in (machine.root / "run", machine.work / "buffer"):
            subprocess.run(["chown", "-R", str(SOMEBODY), folder], check=True)
        done = subprocess.run(
            [*without_rights(), *asked],
            cwd=machine.work, env=machine.environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "belongs to another user" in done.stderr
    assert "disk_path" not in done.stderr


@pytest.mark.parametrize("asked", [["status"], ["export"], ["verify", "--output", "json"]])
def test_no_room_for_what_is_printed(machine, site, asked):
    """A full disk under stdout is a sentence and exit code 1; a script must not take a part for all."""
    make_image(machine.work / "buffer")
    configure(machine, site)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "orbital_sentinel", "buffer", *asked],
            cwd=machine.work, env=machine.environ, stdout=full, stderr=subprocess.PIPE, text=True,
            check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "error: it could not all be written: No space left on device\n"
