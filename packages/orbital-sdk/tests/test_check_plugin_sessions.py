"""The contract suite of plugins: their sessions."""

import asyncio

import pytest
from pydantic import SecretStr

from orbital_sdk import DeviceFields, Host, Metric, Plugin, PluginConfig, Session


class Device(DeviceFields):
    host: Host
    password: SecretStr | None = None
    """Login."""


CHARGE = Metric("charge_ratio", "Charge", unit="ratio", labels=("host",))


class Line(Session):
    """A session with a state of its own, on a plugin of `Lines`."""

    def __init__(self, plugin, device):
        self.plugin, self.device, self.closed = plugin, device, False

    async def collect(self, ctx):
        await asyncio.sleep(0)
        if self.closed:
            raise RuntimeError("closed")
        return [self.plugin.charge(1, self.device.host)]

    async def test(self, ctx):
        return "it answers"

    async def close(self):
        self.closed = True


def lines(**body):
    """A plugin whose sessions are of this kind."""
    kind = type("Kind", (Line,), body)

    class Lines(Plugin[Device, PluginConfig]):
        name = "lines"
        summary = "Battery state, line by line"
        charge = CHARGE

        async def open(self, device):
            return kind(self, device)

    return Lines


async def test_a_plugin_of_sessions_passes(verdict):
    """It has no collect of its own, and its sessions are opened and closed more than once."""
    assert await verdict(lines()) == ""

    def plain(self):
        self.closed = True

    assert await verdict(lines(close=plain, collect=lambda self, ctx: [])) != ""
    blocking = lines(close=plain, collect=lambda self, ctx: [CHARGE(1, self.device.host)])
    assert await verdict(blocking) == ""


async def raises(self, *args):
    raise RuntimeError("oops")


async def closes_all(self):
    self.plugin.gone = True


async def reads_while_open(self, ctx):
    if getattr(self.plugin, "gone", False):
        raise RuntimeError("gone")
    return [self.plugin.charge(1, self.device.host)]


async def once(self):
    if self.closed:
        raise RuntimeError("closed twice")
    self.closed = True


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"close": raises}, "close() raised RuntimeError('oops')"),
        ({"close": once}, "a second close() raised RuntimeError('closed twice')"),
        ({"test": raises}, "test raised RuntimeError('oops')"),
        (
            {"close": closes_all, "collect": reads_while_open},
            "after the close of another session of the device failed",
        ),
        ({"__repr__": lambda self: "open sesame"}, "repr of the session shows a secret"),
    ],
)
async def test_what_is_wrong_with_a_session_is_found(verdict, body, words):
    """Each finding says what to change."""
    assert words in await verdict(lines(**body))


async def test_an_open_that_gives_no_session_is_found(verdict):
    """A forgotten return is told in words."""

    class Forgets(lines()):
        async def open(self, device):
            Line(self, device)

    assert "open() gave NoneType; return a Session" in await verdict(Forgets)


class Opens(Plugin[Device, PluginConfig]):
    name = "opens"
    summary = "Battery state"
    charge = CHARGE

    def open(self, device):
        return Line(self, device)


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("collect", "collect() beside open() is never called; write Session.collect"),
        ("test_connection", "test_connection() beside open() is never called; write Session.test"),
    ],
)
async def test_what_a_plugin_of_sessions_is_never_asked_is_found(verdict, method, words):
    """Its sessions are."""

    async def answer(self, device, ctx):
        return "it answers"

    assert words in await verdict(type("Asked", (Opens,), {method: answer}))
    assert await verdict(Opens) == ""


async def test_a_method_of_a_session_that_cannot_be_called_is_named(verdict):
    """A session has its device already."""

    async def test(self, device, ctx):
        return "it answers"

    said = await verdict(lines(test=test))
    assert (
        "test(self, device, ctx) cannot be called as the agent does; write test(self, ctx)" in said
    )
