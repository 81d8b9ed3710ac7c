"""A probe as the agent runs it, and a server that asks for digest."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
import uvloop

from orbital_plugin_http import Http
from orbital_sdk import CollectError
from orbital_sdk.testing import Collection, collect_once
from orbital_testbench.programs import MissingProgramError, skip_or_fail
from orbital_testbench.server import Server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from orbital_testbench import Certificate

    Probe = Callable[..., Awaitable[Collection]]

LIGHTTPD = """\
server.document-root = "{folder}/www"
server.bind = "{host}"
server.port = {port}
server.modules = ("mod_auth", "mod_authn_file")
mimetype.assign = ("" => "text/plain")
auth.backend = "plain"
auth.backend.plain.userfile = "{folder}/users"
auth.require = ("/private" => ("method" => "digest", "realm" => "devices, all of them",
    "algorithm" => "{algorithm}", "require" => "valid-user"))
"""


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Every test runs on both loops that the agent may use: they watch sockets differently."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


class Lighttpd(Server):
    """lighttpd with one page for everybody, and one behind a digest login (`ann`, `s3cret,"pass`)."""

    program: ClassVar[str] = "lighttpd"
    package: ClassVar[str] = "lighttpd"
    health_path: ClassVar[str] = "/open.txt"
    algorithm: str = "MD5"

    def prepare(self) -> None:
        (self.folder / "www").mkdir(exist_ok=True)
        (self.folder / "www" / "open.txt").write_text("open")
        (self.folder / "www" / "private.txt").write_text("behind the login")
        (self.folder / "users").write_text('ann:s3cret,"pass\n')
        (self.folder / "lighttpd.conf").write_text(
            LIGHTTPD.format(
                folder=self.folder, host=self.host, port=self.port, algorithm=self.algorithm
            )
        )

    def arguments(self) -> list[str]:
        return ["-D", "-f", str(self.folder / "lighttpd.conf")]


@pytest.fixture
def start_lighttpd(tmp_path: Path) -> Iterator[Callable[[str], Lighttpd]]:
    """Start a lighttpd whose digest uses the given algorithm."""
    servers: list[Lighttpd] = []

    def start(algorithm: str) -> Lighttpd:
        server = Lighttpd(tmp_path / f"lighttpd-{algorithm}")
        server.algorithm = algorithm
        servers.append(server)
        try:
            return server.start()
        except MissingProgramError as missing:
            skip_or_fail(missing)

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def tls_server() -> Iterator[Callable[..., str]]:
    """Start a TLS server whose context is prepared by the test; it never answers. Gives its URL."""
    with contextlib.ExitStack() as stack:

        def start(certificate: Certificate, prepare: Callable[[ssl.SSLContext], None]) -> str:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.certificate, certificate.key)
            prepare(context)
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            thread = threading.Thread(target=_shake_hands, args=(listener, context), daemon=True)
            thread.start()
            stack.callback(thread.join, 10)
            stack.callback(listener.shutdown, socket.SHUT_RDWR)
            return f"https://127.0.0.1:{listener.getsockname()[1]}"

        yield start


def _shake_hands(listener: socket.socket, context: ssl.SSLContext) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with contextlib.suppress(ssl.SSLError), connection:
                context.wrap_socket(connection, server_side=True).close()


@pytest.fixture
def probe() -> Probe:
    """Probes once, with a URL or device fields, and settings. Samples that an error carries are kept."""

    async def run(device: str | dict[str, Any], config: Any = None, **options: Any) -> Collection:
        fields = {"url": device} if isinstance(device, str) else device
        result = await collect_once(Http, fields, config, **options)
        saved = result.error.samples if isinstance(result.error, CollectError) else ()
        return Collection(result.samples or tuple(saved), result.error)

    return run
