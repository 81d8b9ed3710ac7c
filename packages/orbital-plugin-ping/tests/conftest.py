"""Networks of the tests' own: a namespace, hosts that are silent, a router, a host that answers as told."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import resource
import shutil
import socket
import struct
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orbital_plugin_ping.address import numeric
from orbital_plugin_ping.native import NativePinger
from orbital_plugin_ping.native.datagram import DatagramEndpoint
from orbital_plugin_ping.native.packet import checksum
from orbital_plugin_ping.native.raw import RawEndpoint
from orbital_plugin_ping.pinger import plan
from orbital_plugin_ping.sockets import Options

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from orbital_plugin_ping.pinger import Request

CLONE_NEWNET = 0x40000000
PING_GROUPS = Path("/proc/sys/net/ipv4/ping_group_range")
OPEN, CLOSED = "0 2147483647", "1 0"
NEAR, FAR = "10.99.0.1", "10.99.0.2"
"""Our end of a cable, and the router's."""
SILENT = "10.99.0.66"
"""A neighbour that is switched off: packets to it leave and are heard of no more."""


def require(holds: object, what: str) -> None:
    """Skip where something is missing; in CI that is a failure."""
    if not holds:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(what)


def run(*command: str) -> None:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    program = shutil.which(command[0], path=path)
    require(program, f"{command[0]} is not installed")
    subprocess.run([str(program), *command[1:]], check=True, capture_output=True, text=True)


class Network:
    """A network namespace that holds nothing but a loopback interface."""

    def allow_datagrams(self, groups: str = OPEN) -> None:
        """Which groups may open unprivileged ICMP sockets."""
        PING_GROUPS.write_text(groups)

    def set(self, name: str, value: object) -> None:
        Path("/proc/sys", *name.split(".")).write_text(str(value))

    def ip(self, words: str) -> None:
        run("ip", *words.split())

    def cable(self) -> None:
        """An interface whose other end nobody watches, with a silent neighbour."""
        self.ip("link add near type veth peer name away")
        self.ip(f"address add {NEAR}/24 dev near")
        self.ip("link set near up")
        self.ip("link set away up")
        self.ip(f"neigh add {SILENT} lladdr 02:00:00:00:00:66 dev near nud permanent")


@contextlib.contextmanager
def own_namespace() -> Iterator[None]:
    """This thread, and all that it starts, in a network namespace of its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net") as home:  # noqa: PTH123 (a descriptor is wanted)
        moved = os.geteuid() == 0 and libc.unshare(CLONE_NEWNET) == 0
        require(moved, "needs root and the right to make network namespaces")
        try:
            yield
        finally:
            assert libc.setns(home.fileno(), CLONE_NEWNET) == 0


@pytest.fixture
def network() -> Iterator[Network]:
    """Only raw sockets are allowed in it, until a test says otherwise."""
    with own_namespace():
        made = Network()
        made.allow_datagrams(CLOSED)
        made.ip("link set lo up")
        yield made


@pytest.fixture(params=["datagram", "raw"])
def kind(request: pytest.FixtureRequest, network: Network) -> str:
    """Both kinds of sockets in turn, each in a namespace that leads to it."""
    network.allow_datagrams(OPEN if request.param == "datagram" else CLOSED)
    return request.param


@pytest.fixture
def router(network: Network) -> Iterator[str]:
    """Address of a router at the other end of a cable. Behind it 10.98.0.0/16 is unreachable, 10.97.0.0/16
    prohibited, and 10.96.0.0/16 further away.
    """
    script = "echo ready; exec sleep 600"
    other = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", script], stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        network.ip(f"link add near type veth peer name far netns {other.pid}")
        network.ip(f"address add {NEAR}/24 dev near")
        network.ip("link set near up")
        inside = partial(run, "nsenter", "-t", str(other.pid), "-n", "sh", "-c")
        inside(
            "PATH=$PATH:/usr/sbin:/sbin; set -e; ip link set lo up;"
            f"ip address add {FAR}/24 dev far; ip link set far up;"
            "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv4/icmp_ratelimit;"
            "ip route add unreachable 10.98.0.0/16; ip route add prohibit 10.97.0.0/16;"
            f"ip route add 10.96.0.0/16 via {NEAR}"
        )
        network.ip(f"route add 10.96.0.0/14 via {FAR}")
        yield FAR
    finally:
        other.kill()
        other.communicate()


@pytest.fixture
async def pinger(kind: str) -> AsyncIterator[NativePinger]:
    """A native engine, on each kind of socket in turn."""
    engine = NativePinger(Options())
    await engine.start()
    expected = RawEndpoint if kind == "raw" else DatagramEndpoint
    assert {type(endpoint) for endpoint in engine._endpoints.values()} == {expected}
    yield engine
    await engine.stop()


@pytest.fixture
def ask() -> Callable[..., Request]:
    """Makes what an engine is asked."""

    def make(
        host: str, count: int = 1, *, gap: float = 0.0, timeout: float = 5.0, seconds: float = 30.0
    ) -> Request:
        address = numeric(host)
        assert address is not None
        return plan(address, count=count, gap=gap, timeout=timeout, seconds=seconds)

    return make


@dataclass(frozen=True)
class Asked:
    """An echo request that has arrived."""

    source: str
    destination: str
    message: bytes
    """The ICMP message, header included."""


class Peer:
    """Answers for all of 127.0.0.0/8 as a test tells it, for the kernel has been told not to (icmp(7))."""

    def __init__(self) -> None:
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self._sock.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
        self._sock.setblocking(False)

    async def next(self) -> Asked:
        """The next echo request."""
        packet = b""
        async with asyncio.timeout(60):
            while packet[20:21] != b"\x08":
                packet = await asyncio.get_running_loop().sock_recv(self._sock, 4096)
        ends = packet[12:16], packet[16:20]
        return Asked(*map(socket.inet_ntoa, ends), packet[20:])

    def answer(
        self, asked: Asked, *, source: str = "", sequence: int | None = None, token: bytes = b""
    ) -> None:
        """A reply; right in all but what is given."""
        message = bytearray(asked.message)
        message[0] = 0
        if sequence is not None:
            message[6:8] = struct.pack("!H", sequence)
        message[8 : 8 + len(token)] = token
        self._send(source or asked.destination, asked.source, bytes(message))

    def refuse(
        self, asked: Asked, *, teller: str, code: int = 1, quoted: int = 64, token: bytes = b""
    ) -> None:
        """A router's 'destination unreachable' that quotes this much of the message."""
        message = asked.message[:8] + token + asked.message[8 + len(token) :]
        quote = ip_header(asked.source, asked.destination, len(message)) + message[:quoted]
        self._send(teller, asked.source, struct.pack("!BBHI", 3, code, 0, 0) + quote)

    def _send(self, source: str, destination: str, message: bytes) -> None:
        message = message[:2] + b"\0\0" + message[4:]
        message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
        self._sock.sendto(ip_header(source, destination, len(message)) + message, (destination, 0))

    def close(self) -> None:
        self._sock.close()


def ip_header(source: str, destination: str, length: int) -> bytes:
    ends = socket.inet_aton(source) + socket.inet_aton(destination)
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0, 64, 1, 0) + ends


@pytest.fixture
def peer(network: Network) -> Iterator[Peer]:
    """See `Peer`."""
    network.set("net.ipv4.icmp_echo_ignore_all", 1)
    made = Peer()
    yield made
    made.close()


@pytest.fixture
def no_descriptors() -> Callable[[], contextlib.AbstractContextManager[None]]:
    """No file descriptor is left while it lasts."""

    @contextlib.contextmanager
    def none_left() -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        taken: list[int] = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
        try:
            with contextlib.suppress(OSError):
                while True:
                    taken.append(os.open(os.devnull, os.O_RDONLY))
            yield
        finally:
            for descriptor in taken:
                os.close(descriptor)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    return none_left


NOBODY = 65534
UNPRIVILEGED = """
import asyncio, os, sys, time
import ping3, encodings.idna
from orbital_plugin_ping import Ping, PingConfig, PingDevice
from orbital_sdk import ConfigurationError, Context
from orbital_sdk.testing import FakeHost
plugin = Ping(PingConfig(engine=sys.argv[1]))
# all is imported by now: the interpreter's files may be unreadable for others
os.setgroups([]), os.setgid({user}), os.setuid({user})
async def main():
    try:
        await plugin.start(FakeHost())
        end = time.monotonic() + 5
        session = await plugin.open(PingDevice(host=sys.argv[2]))
        print(await session.test(Context("t", "d", 5, end)))
    except ConfigurationError as error:
        print("refused:", error)
    await plugin.stop()
asyncio.run(main())
"""


@pytest.fixture
def as_nobody() -> Callable[[str, str], str]:
    """Pings a host with an engine in a process without any privilege; what it printed."""

    def ping(engine: str, host: str) -> str:
        script = UNPRIVILEGED.format(user=NOBODY)
        command = [sys.executable, "-W", "error", "-c", script, engine, host]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        return done.stdout + done.stderr

    return ping
