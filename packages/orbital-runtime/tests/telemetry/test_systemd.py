"""What a service manager hears: sd_notify(3), by a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket

import pytest

from orbital_runtime.telemetry.systemd import EVERY, Service
from orbital_sdk import WriterMisconfigured


class Manager:
    """Listens as systemd does."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self._socket.setblocking(False)

    def heard(self) -> list[list[str]]:
        """All messages since the last look, line by line."""
        found: list[list[str]] = []
        with contextlib.suppress(BlockingIOError):
            while True:
                found.append(self._socket.recv(4096).decode().split("\n"))
        return found

    async def hears(self) -> list[str]:
        """The next message."""
        async with asyncio.timeout(60):
            loop = asyncio.get_running_loop()
            return (await loop.sock_recv(self._socket, 4096)).decode().split("\n")

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["file", "abstract"])
def manager(tmp_path, request):
    """At either kind of address that systemd uses."""
    name = f"@orbital-{os.getpid()}" if request.param == "abstract" else str(tmp_path / "notify")
    one = Manager(name)
    yield one
    one.close()


def environ(manager: Manager, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": manager.address, **more}


async def test_ready_comes_with_what_there_is_to_do(world, manager):
    """One line of status, for `systemctl status`."""
    service = Service(world.sources, environ(manager))
    service.ready()
    assert manager.heard() == [["READY=1", "STATUS=2 tasks, 0 samples wait"]]
    service.stopping()
    assert manager.heard()[0][0] == "STOPPING=1"


async def test_the_status_says_what_is_wrong(world, manager):
    """In the words of the health page, on one line."""
    world.writer.always(WriterMisconfigured("401 from http://store/:\nwrong token"))
    await world.run("good")
    await world.settled(waiting=True)
    Service(world.sources, environ(manager)).ready()
    (_, status), *_ = manager.heard()
    assert status.startswith("STATUS=2 tasks, 8 samples wait; output store is paused")
    assert "401 from http://store/: wrong token" in status


async def test_a_reload_begins_and_ends(world, manager):
    """With the moment that systemd wants to see; it ends also where the new configuration was bad."""
    service = Service(world.sources, environ(manager))
    with contextlib.suppress(ValueError), service.reloading():
        assert [line.partition("=")[0] for line in manager.heard()[0]] == [
            "RELOADING", "MONOTONIC_USEC",
        ]  # fmt: skip
        raise ValueError
    assert manager.heard()[0][0] == "READY=1"
    with service.reloading():
        world.state = "stopping"
    assert len(manager.heard()) == 1  # it is not ready then


async def test_signs_of_life_come_while_the_scheduler_turns(world, manager):
    """And no longer: then systemd starts the agent anew."""
    service = Service(world.sources, environ(manager, WATCHDOG_USEC="30000"))
    assert service.every == pytest.approx(0.01)
    telling = asyncio.create_task(service.run())
    assert "WATCHDOG=1" in await manager.hears()
    world.clock.advance(31)
    manager.heard()
    stalled = await manager.hears()
    assert "WATCHDOG=1" not in stalled
    assert "the scheduler has not turned for 31 s" in stalled[0]
    telling.cancel()


@pytest.mark.parametrize(
    ("given", "every"),
    [
        ({}, EVERY),
        ({"WATCHDOG_USEC": "60000000"}, EVERY),
        ({"WATCHDOG_USEC": "15000000"}, 5),
        ({"WATCHDOG_USEC": "15000000", "WATCHDOG_PID": "1"}, EVERY),
        ({"WATCHDOG_USEC": "0"}, EVERY),
        ({"WATCHDOG_USEC": "soon"}, EVERY),
    ],
    ids=["none", "patient", "less", "another's", "off", "nonsense"],
)
def test_signs_come_three_times_as_often_as_they_must(world, given, every):
    """What the environment asks of this process; what it asks of another, or cannot mean, is left alone."""
    assert Service(world.sources, given).every == every


async def test_without_a_manager_nothing_is_told(world):
    """Started from a shell: no socket, no waiting."""
    service = Service(world.sources, {})
    service.ready()
    await service.run()


async def test_a_manager_that_does_not_listen_is_told_again_later(world, tmp_path, caplog):
    """It is being replaced, or too busy to read: one line in the log, and all goes on."""
    address = str(tmp_path / "notify")
    service = Service(world.sources, {"NOTIFY_SOCKET": address})
    service.ready()
    service.ready()
    assert caplog.text.count("does not listen: No such file or directory") == 1
    manager = Manager(address)
    for _ in range(2000):  # more than the system keeps for one that does not read
        service.ready()
    assert caplog.text.count("does not listen") == 2
    assert 2 < len(manager.heard()) < 2000
    service.ready()
    assert len(manager.heard()) == 1
    manager.close()


async def test_a_long_status_is_cut(world, manager):
    """More than 4 KiB systemd passes over, signs of life included."""
    world.writer.always(WriterMisconfigured("wrong " * 2000))
    await world.run("good")
    await world.settled(waiting=True)
    Service(world.sources, environ(manager)).ready()
    (_, status), *_ = manager.heard()
    assert 900 < len(status) < 1010
    assert status.endswith("wrong …")
