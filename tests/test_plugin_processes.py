"""Plugins in processes of their own, as users have them: a crash, and a newer version."""

import os
import signal

from orbital_testbench import wait_until

CODE = """
import os, signal
from orbital_sdk import DeviceFields, Metric, Plugin, PluginConfig

class Device(DeviceFields):
    crash: bool = False

class Acme(Plugin[Device, PluginConfig]):
    name = "acme"
    value = Metric("acme_value")

    async def collect(self, device, ctx):
        if device.crash:
            os.kill(os.getpid(), signal.SIGSEGV)
        return [self.value(1.0)]
"""


def task(sentinel, name):
    return next(one for one in sentinel.tasks() if one["id"] == name)


def runs(sentinel):
    (acme,) = sentinel.told("/api/v1/plugins")["running"]
    return acme


def test_a_crash_and_an_update(sentinel):
    """A crash is an error of runs and a restart of its process. After an upgrade the running and the
    installed version are shown, and a reload goes over without a failed run; a version that cannot start is
    rolled back.
    """
    sentinel.install("acme", CODE, acme="Acme")
    common = {"plugin": "acme", "interval": "200ms", "timeout": "60s"}
    steady, crashing = {"id": "steady", **common}, {"id": "crashing", **common}
    crashing["config"] = {"crash": True}
    crashing["interval"] = "1h"
    sections = {
        "plugins": {"acme": {"isolation": "process"}},
        "sender": {"direct": {"file": {"enabled": True, "path": "out.jsonl"}}},
    }
    sentinel.configure(**sections, tasks=[steady])
    sentinel.start()
    wait_until(lambda: task(sentinel, "steady")["status"] == "success", what="a run")
    assert [one["down"] for one in runs(sentinel)["processes"]] == [""]

    _upgrade(sentinel, "1.0", "2.0", CODE)
    assert (runs(sentinel)["loaded"], runs(sentinel)["installed"]) == ("1.0", "2.0")
    done = sentinel.command("plugins", "reload", "acme")
    assert (done.returncode, done.stderr) == (0, "")
    assert "plugin acme 2.0 runs in a process of its own" in done.stdout
    assert runs(sentinel)["loaded"] == "2.0"

    _upgrade(
        sentinel,
        "2.0",
        "3.0",
        CODE.replace(
            "    async def collect", "    def __init__(self): ...\n\n    async def collect"
        ),
    )
    done = sentinel.command("plugins", "reload", "acme")
    assert done.returncode == 1
    assert "plugin acme was not updated" in done.stderr
    assert runs(sentinel)["loaded"] == "2.0"
    assert task(sentinel, "steady")["failed"] == 0

    sentinel.configure(**sections, tasks=[steady, crashing])
    sentinel.ask("/api/v1/reload")
    run = sentinel.ask("/api/v1/tasks/crashing/run")
    assert "the process of plugin 'acme' " in run["error"]


def test_an_upgrade_is_noticed(sentinel):
    """Nobody has to ask: tasks go over to a version that was installed, and one that cannot read the device
    is refused. When the old process ends, the refused one is all that is there: it runs, and that is said. A
    package that is new can be used after a reload of the configuration.
    """
    sentinel.install("acme", CODE, acme="Acme")
    sections = {
        "plugins": {"acme": {"isolation": "process"}, "reload_interval": "100ms"},
        "sender": {"direct": {"file": {"enabled": True, "path": "out.jsonl"}}},
    }
    steady = {"id": "steady", "plugin": "acme", "interval": "200ms", "timeout": "60s"}
    sentinel.configure(**sections, tasks=[steady])
    sentinel.start()
    wait_until(lambda: task(sentinel, "steady")["status"] == "success", what="a run")

    _upgrade(sentinel, "1.0", "2.0", CODE)
    wait_until(lambda: runs(sentinel)["loaded"] == "2.0", what="the update")
    _upgrade(sentinel, "2.0", "3.0", CODE.replace("if device.crash", "if not device.crash"))
    wait_until(lambda: runs(sentinel)["update_failed"], what="the refusal")
    assert runs(sentinel)["loaded"] == "2.0"
    assert task(sentinel, "steady")["failed"] == 0
    _upgrade(sentinel, "3.0", "4.0", CODE.replace("return [", "raise OSError #"))
    wait_until(lambda: "OSError" in runs(sentinel)["update_failed"], what="the next")

    (process,) = runs(sentinel)["processes"]
    os.kill(process["pid"], signal.SIGKILL)
    wait_until(lambda: "plugin_refused" in _reasons(sentinel), what="what runs now")
    assert "4.0 runs, which was refused" in _reasons(sentinel)["plugin_refused"]

    sentinel.install("more", CODE.replace("acme", "more"), more="Acme")
    other = steady | {"id": "other", "plugin": "more"}
    sentinel.configure(**sections, tasks=[steady, other])
    sentinel.ask("/api/v1/reload")
    wait_until(lambda: task(sentinel, "other")["status"] == "success", what="a run")


def _reasons(sentinel):
    return {one["reason"]: one["message"] for one in sentinel.status()["reasons"]}


def _upgrade(sentinel, before, after, code):
    """As `pip install --upgrade` leaves it; its version comes last, since that is what the agent looks at."""
    site = sentinel.folder / "site"
    site.joinpath("acme.py").write_text(code)
    info = site / f"acme-{before}.dist-info"
    info.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: acme\nVersion: {after}\n")
    info.rename(site / f"acme-{after}.dist-info")
