"""Who can reach an address, and for how long: TLS, certificates of senders, slow and many connections."""

import asyncio
import contextlib
import ssl
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import pytest
from pydantic import ValidationError

from orbital_plugin_push import Push, PushDevice
from orbital_sdk import ConfigurationError, PluginConfig
from orbital_testbench import Authority, free_port

TEXT = "/api/v1/import/prometheus"


@pytest.mark.parametrize(
    ("fields", "local"),
    [
        ({}, True),
        ({"host": "::1"}, True),
        ({"host": "localhost"}, True),
        ({"host": "0.0.0.0", "bearer_token": "t"}, False),
        ({"host": "10.0.0.1", "basic_auth": {"username": "a", "password": "b"}}, False),
        ({"host": "::", "tls": {"cert_file": "a.pem", "client_ca_file": "b.pem"}}, False),
        ({"host": "0.0.0.0", "allow_anonymous": True}, False),
    ],
)
def test_whom_other_machines_reach_knows_its_senders(fields, local):
    """Credentials, certificates, or a clear word that none are wanted."""
    assert PushDevice.model_validate(fields).is_local == local


@pytest.mark.parametrize(
    "fields",
    [{"host": "0.0.0.0"}, {"host": "push.example.net"}, {"host": "::", "tls": {"cert_file": "a"}}],
)
def test_an_open_address_is_refused_with_what_to_set(fields):
    """Whoever may push can write any series into the destinations."""
    with pytest.raises(ValidationError, match=r"basic_auth, bearer_token or tls\.client_ca_file"):
        PushDevice.model_validate(fields)


def test_no_secret_is_shown():
    """Neither the password nor the token."""
    device = PushDevice.model_validate(
        {"basic_auth": {"username": "a", "password": "pass-word"}, "bearer_token": "tok-en"}
    )
    assert "pass-word" not in f"{device!r}{device.model_dump()}"
    assert "tok-en" not in f"{device!r}{device.model_dump()}"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """PEM files: of an authority, of a server and a sender that it signed, and of a stranger."""
    folder = tmp_path_factory.mktemp("certificates")
    ours, others = Authority(folder / "ours"), Authority(folder / "others")
    return SimpleNamespace(
        authority=ours.ca_file,
        server=_both(ours.issue()),
        client=_both(ours.issue("sender", client=True)),
        stranger=_both(others.issue("stranger", client=True)),
    )


def _both(made) -> Path:
    """Certificate and key in one file, as `cert_file` may be."""
    made.certificate.write_bytes(made.certificate.read_bytes() + made.key.read_bytes())
    return made.certificate


async def test_only_senders_with_a_certificate_of_ours_get_in(serving, certificates):
    """mTLS: without one, or with a stranger's, there is no connection at all."""
    tls = {"cert_file": certificates.server, "client_ca_file": certificates.authority}
    async with serving(tls=tls) as address:
        ours = ssl.create_default_context(cafile=certificates.authority)
        ours.load_cert_chain(certificates.client)
        assert (await address.push(b"m 1\n", TEXT, ssl=ours))[0] == 204
        for certificate in (None, certificates.stranger):
            theirs = ssl.create_default_context(cafile=certificates.authority)
            if certificate:
                theirs.load_cert_chain(certificate)
            with pytest.raises((aiohttp.ClientError, ssl.SSLError)):
                await address.push(b"m 1\n", TEXT, ssl=theirs)
        assert len(address.taken.samples) == 1


@pytest.mark.parametrize("key", ["cert_file", "client_ca_file"])
async def test_a_file_that_cannot_be_used_is_named(certificates, tmp_path, key):
    """When the task is checked, and not when it should serve."""
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("rubbish")
    for path in (rubbish, tmp_path / "missing.pem"):
        tls = {
            "cert_file": certificates.server,
            "client_ca_file": certificates.authority,
            key: path,
        }
        with pytest.raises(ConfigurationError, match=rf"tls\.{key}"):
            Push(PluginConfig()).validate_device(PushDevice.model_validate({"tls": tls}))


async def test_an_address_that_is_taken_is_named():
    """By host and port, so that a person can look who has it."""
    port = free_port()
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", port)
    async with server:
        device = PushDevice(port=port)
        with pytest.raises(ConfigurationError, match=f"cannot listen at 127.0.0.1:{port}"):
            await Push(PluginConfig()).serve(device, None)


@pytest.mark.parametrize(
    "said", [b"", b"POST /api/v1/write HTTP/1.1\r\nHost: a\r\n"], ids=["nothing", "half a head"]
)
async def test_who_says_nothing_is_let_go(serving, said):
    """A connection that does not finish its head holds a place for `idle_timeout` at most."""
    async with serving(idle_timeout="200ms") as address:
        reader, writer = await asyncio.open_connection(address.device.host, address.device.port)
        writer.write(said)
        assert await asyncio.wait_for(reader.read(), 60) == b""
        writer.close()


async def test_who_sends_slowly_is_told_to_try_again(serving):
    """A body that does not come holds a place for `timeout` at most."""
    async with serving(timeout="200ms", max_requests=1) as address:
        reader, writer = await asyncio.open_connection(address.device.host, address.device.port)
        writer.write(b"POST /api/v1/write HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
        assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
        assert (await address.push(b"m 1\n", TEXT))[0] == 204
        writer.close()


async def test_who_goes_away_in_the_middle_leaves_nothing_behind(serving):
    """Nothing of half a body is taken, and its place is free."""
    async with serving(max_requests=1) as address:
        _, writer = await asyncio.open_connection(address.device.host, address.device.port)
        writer.write(
            b"POST /api/v1/import/prometheus HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nm 1\n"
        )
        await writer.drain()
        writer.close()
        assert (await address.push(b"n 1\n", TEXT))[0] == 204
        assert [s.series.metric.name for s in address.taken.samples] == ["n"]


async def test_a_connection_too_many_is_closed(serving):
    """And those that are there go on."""
    async with serving(max_connections=1) as address:
        while not address.taken.samples:  # the one that saw it listen may still be there
            with contextlib.suppress(aiohttp.ServerDisconnectedError):
                await address.push(b"m 1\n", TEXT)  # holds its connection
        reader, writer = await asyncio.open_connection(address.device.host, address.device.port)
        assert await asyncio.wait_for(reader.read(), 60) == b""
        writer.close()
        assert (await address.push(b"m 1\n", TEXT))[0] == 204


async def test_what_is_being_taken_at_a_stop_is_answered(serving):
    """Its sender learns that the buffer has it, and sends it to nobody else."""
    async with serving() as address:
        address.taken.hold = asyncio.Event()
        pushed = asyncio.create_task(address.push(b"m 1\n", TEXT))
        await address.taken.waiting.wait()
        asyncio.get_running_loop().call_later(0.1, address.taken.hold.set)
    assert (await pushed)[0] == 204
