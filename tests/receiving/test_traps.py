"""Traps through a whole agent: at the outputs when they are sent, and over a kill once acknowledged."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from orbital_testbench import free_port, wait_until
from orbital_testbench.programs import MissingProgramError, find_program, skip_or_fail

pytestmark = pytest.mark.real

ALARM, LAST = "1.3.6.1.4.1.99999.0.7", "1.3.6.1.6.3.1.1.5.4"
TEMPERATURE = "1.3.6.1.4.1.99999.1.2"
RULE = {"metric": "acme_temperature", "trap": ALARM, "type": "gauge", "value": TEMPERATURE}


@pytest.fixture
def start(receive):
    """Starts an agent that listens for traps and writes to an address. Its task's interval is an hour."""

    def start(port: int, url: str, **buffer) -> None:
        config = {"listen": "127.0.0.1", "port": port, "rules": [RULE]}
        task = {"id": "traps", "plugin": "snmp_trap", "interval": "1h", "config": config}
        receive(task, url, **buffer)
        wait_until(lambda: is_bound(port), what="a listener for traps")

    return start


def is_bound(port: int) -> bool:
    """Seen from outside: to bind it ourselves would take it from the agent."""
    return f":{port:04X} " in Path("/proc/net/udp").read_text()


def send(program: str, port: int, *words: str) -> None:
    """By net-snmp's tool; an inform returns when it is answered, and is sent once."""
    try:
        path = find_program(program, package="snmp")
    except MissingProgramError as missing:
        skip_or_fail(missing)
    once = ["-v2c", "-c", "public", "-r", "0", "-t", "120"]
    command = [str(path), *once, f"127.0.0.1:{port}", "", *words]
    subprocess.run(command, check=True, capture_output=True, timeout=180, env={"MIBS": ""})


@pytest.fixture
def arrived(destination, sent):
    """Label `trap`, time and value of each sample that is there, each as often as it came."""
    return lambda name: [
        (labels.get("trap", ""), ts, value) for labels, ts, value in sent(destination, name)
    ]


@pytest.fixture
def told(arrived):
    """How many of each trap the destination was told of, in its turn."""
    return lambda: {
        (trap, value) for trap, _, value in arrived("snmp_traps_received_total") if trap
    }


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def test_a_trap_is_delivered_when_it_is_sent(start, destination, arrived):
    """Nobody waits for the task's interval; counter and gauge have the time of its arrival."""
    port = free_port()
    start(port, destination.url)
    before = now_ms()
    send("snmptrap", port, ALARM, f"{TEMPERATURE}.0", "i", "21")
    (counted,) = wait_until(
        lambda: [s for s in arrived("snmp_traps_received_total") if s[0] == ALARM],
        what="the trap",
    )
    ((_, ts, value),) = arrived("acme_temperature")
    assert (counted, value) == ((ALARM, ts, 1.0), 21.0)
    assert before <= ts <= now_ms()


def test_what_was_acknowledged_survives_a_kill(sentinel, start, destination, arrived, told):
    """The destination is away, `kill -9` right behind the answer to an inform: it is there once, and so are
    the traps before it, each at its own time. A run may tell a value once more, at a later time.
    """
    port, disk = free_port(), {"type": "disk", "disk_path": "buffer"}
    start(port, f"http://127.0.0.1:{free_port()}", **disk)  # nobody is there
    before = now_ms()
    for degrees in range(5):
        send("snmptrap", port, ALARM, f"{TEMPERATURE}.0", "i", str(degrees))
    send("snmpinform", port, LAST)
    sentinel.end(signal.SIGKILL)
    after = now_ms()
    start(port, destination.url, **disk)
    expected = {*[(ALARM, count) for count in (1, 2, 3, 4, 5)], (LAST, 1)}
    wait_until(lambda: expected <= told(), what="all notifications")
    degrees = arrived("acme_temperature")
    first = {value: ts for _, ts, value in sorted(degrees, reverse=True)}
    assert sorted(first) == [0, 1, 2, 3, 4]
    assert [ts for _, ts in sorted(first.items())] == sorted({*first.values()})
    assert all(before <= ts <= after for _, ts, _ in degrees)
    received = Counter(arrived("snmp_traps_received_total"))
    assert expected == told()
    assert set(received.values()) == {1}
