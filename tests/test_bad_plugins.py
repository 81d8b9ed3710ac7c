"""Strangers' plugins that do everything wrong: each costs only its own task, and says so."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from orbital_testbench import wait_until

CODE = (Path(__file__).parent / "data" / "strange_plugins.py").read_text()
CLASSES = {
    "good": "Good", "raises": "Raises", "hangs": "Hangs", "blocks": "Blocks",
    "own-threads": "OwnThreads", "swallows": "Swallows",
    "not-a-number": "NotANumber", "million": "Million", "long-label": "LongLabel",
    "wrong-types": "WrongTypes", "wrong-answer": "WrongAnswer", "exits": "Exits",
    "exits-on-thread": "ExitsOnThread", "start-hangs": "StartHangs", "start-raises": "StartRaises",
    "init-raises": "InitRaises", "background": "Background",
    "open-hangs": "OpenHangs", "open-blocks": "OpenBlocks",
    "open-exits": "OpenExits", "close-hangs": "CloseHangs", "close-exits": "CloseExits",
    "of-tomorrow": "OfTomorrow",
}  # fmt: skip
BROKEN = {
    "import-raises": "plugin 'import-raises' of unlucky 1.0: its import failed: ImportError: no driver",
    "of-tomorrow": "plugin 'of-tomorrow' of strange 1.0: it is written for contract 7 of the SDK, and this"
    " agent knows 1: install a newer orbital-runtime, or an older strange",
}
"""Which no agent can use, each with its reason."""
FAILS = {
    "raises": "plugin 'raises' has a bug: KeyError: 'host' (strange.py:30); please report it to its author",
    "hangs": "no result within 0.4 s; the run was cancelled",
    "own-threads": "no result within 0.4 s; the run was cancelled",
    "blocks": "an earlier run of task 'blocks' was given up at its deadline and goes on",
    "swallows": "an earlier run of task 'swallows' was given up at its deadline and goes on",
    "wrong-answer": "plugin 'wrong-answer' has a bug: TypeError: collect() gave int; yield samples",
    "exits": "plugin 'exits' has a bug: SystemExit: bye (strange.py:",
    "exits-on-thread": "plugin 'exits-on-thread' has a bug: SystemExit: bye (strange.py:",
    "open-hangs": "no result within 0.4 s; the run was cancelled",
    "open-blocks": "an earlier run of task 'open-blocks' was given up at its deadline and goes on",
    "open-exits": "plugin 'open-exits' has a bug: SystemExit: bye (strange.py:",
    "start-hangs": "plugin 'start-hangs' ",  # is still starting, or took longer than 10s
    "start-raises": "plugin 'start-raises' did not start: OSError: no such bus",
    "init-raises": "plugin 'init-raises' did not start: AttributeError: never tried",
    **BROKEN,
}
PARTIAL = {
    "million": "the first 100,000 samples were kept, of more: raise collector.limits.samples_per_run",
}
GOES_ON = (
    "good", "not-a-number", "long-label", "wrong-types", "close-hangs", "close-exits", "background",
)  # fmt: skip
"""Those whose right samples arrive."""
COUNTED = {
    'sentinel_plugin_bugs_total{plugin="raises"}',
    'sentinel_plugin_bugs_total{plugin="wrong-answer"}',
    'sentinel_plugin_bugs_total{plugin="exits"}',
    'sentinel_plugin_bugs_total{plugin="exits-on-thread"}',
    'sentinel_plugin_bugs_total{plugin="open-exits"}',
    'sentinel_stuck_threads{plugin="blocks"}',
    'sentinel_stuck_threads{plugin="open-blocks"}',
    'sentinel_sessions{plugin="close-hangs"}',
    'sentinel_abandoned_runs{plugin="swallows"}',
    'sentinel_plugin_start_failed{plugin="start-raises"}',
    'sentinel_plugin_start_failed{plugin="init-raises"}',
    'sentinel_plugin_start_failed{plugin="import-raises"}',
    'sentinel_plugin_start_failed{plugin="of-tomorrow"}',
    "sentinel_plugins_broken",
    'sentinel_refused_samples_total{reason="nan"}',
    'sentinel_refused_samples_total{reason="sample_limit"}',
    "sentinel_cut_labels_total",
    'sentinel_refused_samples_total{reason="not_a_sample"}',
    'sentinel_refused_samples_total{reason="not_a_number"}',
    'sentinel_background_tasks_failed_total{kind="plugin",name="background"}',
}
TICK = 1.0
TIMEOUTS = {"million": "20s"}  # it does work


def setting_out(sentinel) -> None:
    sentinel.install("strange", CODE, **CLASSES)
    sentinel.install("unlucky", 'raise ImportError("no driver")', **{"import-raises": "Gone"})
    names = [*CLASSES, "import-raises"]
    sentinel.configure(
        collector={"limits": {"samples_per_run": 100_000}},
        sender={"direct": {"file": {"path": "out.jsonl", "flush_interval": "100ms"}}},
        tasks=[
            {"id": name, "plugin": name, "interval": TICK, "timeout": TIMEOUTS.get(name, "400ms")}
            for name in names
        ],
    )


@pytest.fixture(scope="module")
def crowd(shared_sentinel):
    """An agent with one task of each, which has run for a while."""
    setting_out(shared_sentinel)
    shared_sentinel.start("--config", "config.yaml")
    wait_until(lambda: tasks(shared_sentinel)["good"]["runs"] >= 5)
    wait_until(lambda: all(tasks(shared_sentinel)[name]["failed"] >= 2 for name in FAILS))
    return shared_sentinel


def tasks(sentinel) -> dict[str, dict[str, Any]]:
    return {task["id"]: task for task in sentinel.tasks()}


def test_all_are_listed_and_the_broken_ones_with_their_reason(crowd):
    """`sentinel plugins list` shows each with its package, in text as well."""
    rows = {row["name"]: row for row in crowd.json("plugins", "list")}
    assert {rows[name]["distribution"] for name in CLASSES} == {"strange"}
    ours = {name: row["broken"] for name, row in rows.items() if name in {*CLASSES, *BROKEN}}
    assert {name: reason for name, reason in ours.items() if reason} == BROKEN
    shown = crowd.command("plugins", "list").stdout
    assert all(reason in shown for reason in BROKEN.values())


def test_validate_notes_the_broken_ones(crowd):
    """Their tasks are no reason to refuse the configuration, and are not kept secret."""
    done = crowd.command("validate")
    assert done.returncode == 0, done.stderr
    again = "its task fails until that is repaired and the agent started again"
    for reason in BROKEN.values():
        assert f"note: tasks: {reason}; {again}" in done.stdout


@pytest.mark.parametrize("name", FAILS)
def test_a_bad_one_fails_with_its_reason(crowd, name):
    """`sentinel tasks` tells what happened; the text has it too."""
    task = tasks(crowd)[name]
    assert task["status"] in ("failed", "running")
    assert task["error"].startswith(FAILS[name])
    assert task["up"] is False
    assert FAILS[name] in " ".join(crowd.command("tasks").stdout.split())


@pytest.mark.parametrize("name", PARTIAL)
def test_what_fits_of_too_much_arrives(crowd, name):
    """A plugin that gives far more than it may: the run says what is missing, and the device is up."""
    wait_until(lambda: tasks(crowd)[name]["samples"] > 0)
    task = tasks(crowd)[name]
    assert task["up"] is True
    assert task["error"].startswith(PARTIAL[name])
    assert PARTIAL[name] in " ".join(crowd.command("tasks").stdout.split())


@pytest.mark.parametrize("name", GOES_ON)
def test_right_samples_arrive(crowd, lines_of, name):
    """What is right in a bad collection is delivered, and so is a good neighbour's."""
    lines = [line for line in lines_of(crowd.folder / "out.jsonl") if line["task"] == name]
    values = [line["labels"]["of"] for line in lines if line["name"] == "stranger_value"]
    assert len(values) >= 4
    assert {value for value in values if not value.endswith("…")} <= {"all", "right"}
    assert tasks(crowd)[name]["up"] is True
    assert tasks(crowd)[name]["error"] == ""


def test_no_tick_of_a_good_neighbour_is_lost(crowd, lines_of):
    """Each has its run, and each run its samples, or it is counted as missed, whatever the others do."""

    def starts():
        lines = lines_of(crowd.folder / "out.jsonl")
        return [line["ts"] for line in lines if line["task"] == "good" and line["name"] == "up"]

    runs = tasks(crowd)["good"]["runs"]
    times = wait_until(lambda: found if len(found := starts()) >= runs else None)
    assert times == sorted(set(times))
    good = tasks(crowd)["good"]
    assert good["runs"] + good["missed"] >= (times[-1] - times[0]) // (1000 * TICK)


def test_failures_are_counted_under_their_names(crowd):
    """Bugs, stuck threads, abandoned runs, refused samples: each under plugin or reason."""
    metrics = crowd.metrics()
    assert {name for name in COUNTED if metrics.get(name, 0) >= 1} == COUNTED
    assert metrics["sentinel_tasks_failed_total"] > metrics["sentinel_tasks_success_total"] / 10
    failed = 'sentinel_task_failures_total{device_id="raises",plugin="raises",task="raises"}'
    assert metrics[failed] >= 2


def test_status_tells_what_concerns_the_whole(crowd):
    """The agent is ready all the same; plugins that are down or out of hand are named."""
    status = crowd.json("status")
    assert status["ready"] is True
    told = {(reason["reason"], reason["subject"]) for reason in status["reasons"]}
    assert told >= {
        ("plugin_down", "start-raises"),
        ("plugin_down", "init-raises"),
        ("plugin_down", "import-raises"),
        ("plugin_down", "of-tomorrow"),
        ("threads_stuck", "blocks"),
        ("runs_abandoned", "swallows"),
    }
    assert "did not start: OSError: no such bus" in crowd.command("status").stdout


def test_a_bug_is_logged_once_with_its_traceback(crowd):
    """Its author finds the line; the log is not filled with it."""
    log = crowd.log.read_text()
    assert log.count("plugin 'raises' has a bug") == 1
    assert log.count("KeyError: 'host'") == 1
    assert "strange.py" in log


def test_what_dies_in_the_background_is_named(crowd):
    """Plugin, place and reason, once each; so is a counter whose labels never end. Its collecting goes on."""
    part = '{kind="plugin",name="background"}'
    refused = f"sentinel_own_metrics_refused_total{part}"
    wait_until(lambda: crowd.metrics()[refused] == 1000)
    metrics, log = crowd.metrics(), crowd.log.read_text()
    died = "plugin 'background': its background task 'Background."
    assert log.count(f"{died}exits' died at strange.py:") == 1
    assert log.count("in exits(): SystemExit: bye; the next time it is only counted") == 1
    assert log.count(f"{died}dies' died at strange.py:") == 1
    assert log.count("plugin 'background': there is no room for rounds_total['1000']") == 1
    assert metrics[f"sentinel_background_tasks_failed_total{part}"] == 2
    assert metrics['orbital_plugin_background_rounds_total{of="999"}'] == 1
    assert 'orbital_plugin_background_rounds_total{of="1000"}' not in metrics


def test_the_agents_own_work_goes_on(crowd):
    """A plugin fills the event loop's own pool with threads that never return: pages and large
    collections do not need those.
    """
    assert "sentinel_uptime_seconds" in crowd.metrics()
    before = tasks(crowd)["million"]["samples"]
    wait_until(lambda: tasks(crowd)["million"]["samples"] > before)


def test_it_stops_clean_and_in_time(crowd):
    """SIGTERM with all of these present: exit code 0, and no waiting without limit (defect B-1).

    Sessions that do not close are named.
    """
    assert crowd.end(signal.SIGTERM) == 0
    log = crowd.log.read_text()
    left = "did not close its session with"
    assert log.count(f"plugin close-hangs {left} close-hangs: no result within 5 s") == 1
    assert log.count(f"plugin close-exits {left} close-exits: SystemExit: bye") == 1
    assert log.count("its background task 'Background.swallows' did not end within 5s") == 1
    assert "exiting without waiting for tasks that ignore their cancellation (2) and threads" in log
    assert "agent: stopped" in log
