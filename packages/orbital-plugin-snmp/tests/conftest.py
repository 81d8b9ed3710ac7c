"""What listens for traps, and what sends them."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from contextlib import asynccontextmanager

import pytest

from orbital_plugin_snmp.traps.plugin import SnmpTrap
from orbital_plugin_snmp.traps.settings import TrapConfig, TrapDevice
from orbital_sdk.testing import FakeEmit, FakeHost, Runs
from orbital_testbench.ports import free_port
from orbital_testbench.programs import MissingProgramError, find_program, skip_or_fail

LINK_DOWN, LINK_UP = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4"
IF_INDEX = "1.3.6.1.2.1.2.2.1.1"
AUTH, PRIV = "auth-password", "priv-password"
LABEL = {"label": "ifIndex", "varbind": IF_INDEX, "type": "gauge"}
RULES = [
    {"metric": "link_up", "trap": LINK_DOWN, "type": "gauge", "value": 0, "labels": [LABEL]},
    {"metric": "link_up", "trap": LINK_UP, "type": "gauge", "value": 1, "labels": [LABEL]},
    {
        "metric": "acme_alarms_total",
        "trap": "1.3.6.1.4.1.99999.*",
        "where": [{"varbind": "1.3.6.1.4.1.99999.1.1", "matches": "bad.*"}],
        "labels": [
            {"label": "what", "varbind": "1.3.6.1.4.1.99999.1.1"},
            {"label": "row", "varbind": "1.3.6.1.4.1.99999.1.1", "index": True},
        ],
    },
    {
        "metric": "acme_temperature",
        "trap": "1.3.6.1.4.1.99999.0.7",
        "type": "gauge",
        "value": "1.3.6.1.4.1.99999.1.2",
        "scale": 0.1,
    },
]
USERS = [
    {"username": "open"},
    {"username": "signed", "auth_protocol": "SHA256", "auth_password": AUTH},
    {"username": "secret", "auth_protocol": "SHA", "auth_password": AUTH, "priv_protocol": "AES",
     "priv_password": PRIV},
]  # fmt: skip


class Traps:
    """Plugins that listen, each at a port of its own, and net-snmp's tools."""

    @asynccontextmanager
    async def started(self, **changes):
        """A plugin with these settings."""
        settings = {"listen": "127.0.0.1", "port": free_port(), "rules": RULES, "users": USERS}
        plugin = SnmpTrap(TrapConfig.model_validate(settings | changes))
        await plugin.start(FakeHost())
        try:
            yield plugin
        finally:
            await plugin.stop()

    @asynccontextmanager
    async def serving(self, plugin, emit, **device):
        """It serves a task."""
        work = asyncio.create_task(plugin.serve(TrapDevice(**device), emit))
        boxes = len(plugin._boxes)
        while len(plugin._boxes) == boxes and not work.done():  # noqa: ASYNC110 (it has no event)
            await asyncio.sleep(0)
        if work.done():
            await work
        try:
            yield
        finally:
            work.cancel()
            await asyncio.wait({work})

    @asynccontextmanager
    async def listening(self, emit=None, **changes):
        """A plugin that listens for all devices."""
        async with self.started(**changes) as plugin, self.serving(plugin, emit or FakeEmit()):
            yield plugin

    async def send(self, plugin, *words, program="snmptrap", folder=None, check=True):
        """Send by net-snmp's tool, and let the listener read; True if the tool was content."""
        try:
            path = find_program(program, package="snmp")
        except MissingProgramError as missing:
            skip_or_fail(missing)
        place = f"127.0.0.1:{plugin.config.port}"
        command = [str(path), *(place if word == "@" else word for word in words)]
        environment = {"SNMP_PERSISTENT_DIR": str(folder or "/nonexistent"), "MIBS": ""}
        done = await asyncio.to_thread(
            subprocess.run, command, check=check, capture_output=True, text=True, env=environment
        )
        await self.read_all()
        return done.returncode == 0

    async def recorded(self, *words):
        """The datagram that such a trap is."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", 0))
            place = f"127.0.0.1:{sock.getsockname()[1]}"
            path = str(find_program("snmptrap", package="snmp"))
            command = [path, *(place if word == "@" else word for word in words)]
            await asyncio.to_thread(subprocess.run, command, check=True, env={"MIBS": ""})
            return sock.recv(65535)

    async def read_all(self):
        """What a socket of loopback was sent is there at once; the loop reads it in its next rounds."""
        for _ in range(5):
            await asyncio.sleep(0)

    async def told(self, plugin, **device):
        collection = await Runs(plugin, TrapDevice(**device)).collect()
        assert collection.error is None
        return collection


@pytest.fixture
def traps() -> Traps:
    return Traps()
