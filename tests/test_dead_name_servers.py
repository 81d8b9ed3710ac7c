"""Names whose servers are dead, beside targets whose names are not: one slow name never holds another."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from orbital_testbench import Name, NameServer, wait_until, with_file

PLUGINS = ("http", "ping", "snmp", "modbus")
HANGING = 32
RESOLV_CONF = Path("/etc/resolv.conf").resolve()


@pytest.fixture
def name_server():
    """Knows `fast.test` and `short.corp.test`; about all others it never says a word."""
    with NameServer() as server:
        server.default = Name(after=None)
        server.names["fast.test"] = server.names["short.corp.test"] = Name(("127.0.0.1",), ttl=1)
        yield server


def task(plugin, name, interval="500ms", **fields):
    if plugin == "modbus":
        fields["registers"] = [{"name": "reading", "address": 0}]
    return {"id": name, "plugin": plugin, "interval": interval, "timeout": "20s", "config": fields}


def test_dead_names_hold_no_other_target_and_not_the_stop(
    sentinel, name_server, hostile_server, start_modbus, tmp_path
):
    """32 names in each plugin that nobody answers for, and targets with other names run as often as one
    without a name, whether they are in the hosts file or known to the name server, also by a short form; by
    half at least, since a busy machine misses ticks of its own. Nor does SIGTERM wait for the dead names.
    """
    port = hostile_server.port
    modbus = start_modbus(["holding 0 7"]).port
    innocent = [
        task("http", "http localhost", url=f"http://localhost:{port}/"),
        task("http", "http fast", url=f"http://fast.test:{port}/"),
        task("http", "http short", url=f"http://short:{port}/"),
        task("http", "http address", url=f"http://127.0.0.1:{port}/"),
        task("ping", "ping fast", host="fast.test", count=1),
        task("ping", "ping localhost", host="localhost", count=1),
        task("modbus", "modbus localhost", host="localhost", port=modbus),
    ]
    dead = [f"{plugin}{number}.test" for plugin in PLUGINS for number in range(HANGING)]
    tasks = [
        task(
            plugin,
            name,
            "1s",
            **({"url": f"http://{name}/"} if plugin == "http" else {"host": name}),
        )
        for plugin in PLUGINS
        for name in dead
        if name.startswith(plugin)
    ]
    sentinel.configure(tasks=tasks + innocent)
    resolv_conf = name_server.resolv_conf(tmp_path / "resolv.conf", "search corp.test")
    sentinel.start(wrap=with_file(resolv_conf, RESOLV_CONF))
    for name in dead:
        name_server.wait_until_asked(name)
    names = {each["id"] for each in innocent}

    def runs():
        return {each["id"]: each["runs"] for each in sentinel.tasks() if each["id"] in names}

    before = runs()
    wait_until(lambda: runs()["http address"] >= before["http address"] + 10)
    held = {name for name, count in runs().items() if count < before[name] + 5}
    assert not held
    assert not [each for each in sentinel.tasks() if each["id"] in names and each["failed"]]
    assert sentinel.end(signal.SIGTERM) == 0
    assert "without waiting" not in sentinel.log.read_text()
