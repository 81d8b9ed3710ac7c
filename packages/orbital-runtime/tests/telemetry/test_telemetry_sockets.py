"""The sockets: whose they are, and what is said when an address is taken or cannot be had."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from pathlib import Path

import pytest

from orbital_runtime.telemetry import CannotListen, Telemetry, socket_path
from orbital_runtime.telemetry.server import listen
from orbital_runtime_testing.asking import Unix, ask


def mode(path: Path) -> int | None:
    return stat.S_IMODE(path.stat().st_mode) if path.exists() else None


async def test_the_socket_is_the_owners_alone(world, path: Path):
    """The socket is 0600 in a folder of 0700, and gone after the stop."""
    async with world.serving(path):
        assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    assert mode(path) is None


async def test_a_dead_agents_socket_is_replaced(world, path: Path):
    """After a crash the socket's file is still there; the next start takes its place."""
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    async with world.serving(path):
        assert (await ask(Unix(path), "/healthz")).status == 200


async def test_a_living_agents_socket_is_respected(world, path: Path):
    """A second agent on the same socket is refused with a sentence; the first goes on undisturbed."""
    async with world.serving(path):
        second = Telemetry(
            world.sources, world.control, socket=path, address=None, token=path.with_name("token")
        )
        with pytest.raises(CannotListen, match="another sentinel is running"):
            await second.start()
        await second.stop()
        assert (await ask(Unix(path), "/healthz")).status == 200


async def test_a_hung_agents_socket_is_respected(world, path: Path):
    """A process that holds the socket but is too busy to answer is alive all the same."""
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind(str(path))
        busy.listen(0)
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(str(path))
        with pytest.raises(CannotListen, match="another sentinel"):
            await asyncio.to_thread(listen.unix, path)
        for one in waiting:
            one.close()


async def test_a_taken_port_is_said_with_its_number(world, path: Path):
    """A port in use fails the start with the port and what to set, and leaves no socket behind."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        telemetry = Telemetry(
            world.sources, world.control, socket=path, address=("127.0.0.1", port),
            token=path.with_name("token"),
        )  # fmt: skip
        with pytest.raises(CannotListen, match=rf"port {port}: .*telemetry\.listen"):
            await telemetry.start()
    assert mode(path) is None


@pytest.mark.parametrize(
    ("host", "port", "says"),
    [("no-such-host.invalid", 9464, "no-such-host"), ("192.0.2.1", 9464, "192.0.2.1")],
)
def test_foreign_addresses_are_refused(host: str, port: int, says: str):
    """An address that is not this machine's is an error at start."""
    with pytest.raises(CannotListen, match=says):
        listen.tcp(host, port)


def test_a_file_in_the_sockets_place_is_left_alone(tmp_path: Path):
    """What is not a socket is never removed."""
    path = tmp_path / "sentinel.sock"
    path.write_text("precious")
    with pytest.raises(CannotListen, match="not a socket"):
        listen.unix(path)
    assert path.read_text() == "precious"


def test_a_path_too_long_for_a_socket_is_said(tmp_path: Path):
    """unix(7) allows 107 bytes; the message names the setting that helps."""
    with pytest.raises(CannotListen, match=r"telemetry\.socket"):
        listen.unix(tmp_path / ("x" * 120))


def test_socket_path(tmp_path: Path):
    """The setting decides; left empty it is in the runtime folder."""
    assert socket_path("", tmp_path) == tmp_path / "sentinel.sock"
    assert socket_path("/elsewhere/s.sock", tmp_path) == Path("/elsewhere/s.sock")


def test_umask_is_given_back(tmp_path: Path):
    """Making the socket private changes nothing for the rest of the process."""
    before = os.umask(0o022)
    try:
        listen.unix(tmp_path / "s.sock").close()
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)
