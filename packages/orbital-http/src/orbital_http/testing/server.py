"""An HTTP server that misbehaves as it is told, and remembers what it was asked."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol, Self

from orbital_http.testing.behaviours import (
    Answer,
    CloseAfterHeaders,
    CutAnswer,
    CutConnection,
    Drip,
    DripHeaders,
    Garbage,
    NoAnswer,
    Request,
    Step,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from io import BufferedReader
    from pathlib import Path

LOOPBACK: Final = "127.0.0.1"


class Certificate(Protocol):
    """PEM files of a server."""

    @property
    def certificate(self) -> Path: ...
    @property
    def key(self) -> Path: ...


class HostileServer:
    """Answers each request with the next step of its script, and with `default` after that.

    ```python
    with HostileServer() as peer:
        peer.script(Answer(503, {"Retry-After": "7"}), CutAnswer())
        ...
        assert len(peer.requests) == 3  # the third got `default`, an empty 200
    ```

    Args:
        certificate: Speak TLS with this one.
    """

    def __init__(self, *, certificate: Certificate | None = None) -> None:
        self.default: Step = Answer()
        self.requests: list[Request] = []
        self.connections = 0
        self._steps: deque[Step] = deque()
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server((LOOPBACK, 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.scheme = "http" if certificate is None else "https"
        self._tls = None if certificate is None else server_tls(certificate)

    @property
    def url(self) -> str:
        return f"{self.scheme}://{LOOPBACK}:{self.port}"

    def script(self, *steps: Step) -> None:
        """Add steps: one for each request (`CutConnection`: for each connection) to come."""
        with self._changed:
            self._steps.extend(steps)

    def wait_for_requests(self, count: int, timeout: float = 30) -> list[Request]:
        """Return as soon as so many requests were read.

        Raises:
            AssertionError: They did not come in time.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.requests) >= count, timeout):
                raise AssertionError(f"{len(self.requests)} of {count} requests in {timeout} s")
            return list(self.requests)

    def __enter__(self) -> Self:
        self._spawn(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        _shut(self._listener)
        with self._changed:
            waiting = list(self._open)
        for connection in waiting:
            _shut(connection)
        for thread in self._threads:
            thread.join(10)

    def _spawn(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, name="hostile", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._changed:
                self.connections += 1
                self._open.add(connection)
            self._spawn(self._serve, connection, self.connections)

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            if self._cut_at_once():
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            if self._tls is not None:
                connection = self._secure(connection)
            with connection.makefile("rb") as reader:
                while (request := _read(reader, number)) and self._answer(connection, request):
                    pass
            connection.shutdown(socket.SHUT_RDWR)
        except (OSError, ValueError):
            pass  # the client went away, or spoke no HTTP: its own business
        finally:
            with self._changed:
                self._open.discard(connection)
            connection.close()

    def _secure(self, connection: socket.socket) -> socket.socket:
        assert self._tls is not None  # noqa: S101 (for the type checker)
        secured = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._changed:  # wrapping emptied the plain socket
            self._open.discard(connection)
            self._open.add(secured)
        secured.do_handshake()
        return secured

    def _cut_at_once(self) -> bool:
        with self._changed:
            if self._steps and isinstance(self._steps[0], CutConnection):
                self._steps.popleft()
                return True
            return not self._steps and isinstance(self.default, CutConnection)

    def _answer(self, connection: socket.socket, request: Request) -> bool:
        """Do the next step; False ends the connection."""
        with self._changed:
            step = self._steps.popleft() if self._steps else self.default
        behaviour = step(request) if callable(step) else step
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
        match behaviour:
            case Answer():
                return self._proper(connection, behaviour, request)
            case Drip(status, every):
                connection.sendall(_head(status, {"Content-Length": "1000000000"}))
                self._drip(connection, b"x", every)
            case DripHeaders(every):
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                self._drip(connection, b"X-More: yes\r\n", every)
            case CloseAfterHeaders(status, length):
                connection.sendall(_head(status, {"Content-Length": str(length)}))
            case NoAnswer():
                self._stopping.wait()
            case Garbage(data):
                connection.sendall(data)
            case CutAnswer() | CutConnection():
                pass
        return False

    def _proper(self, connection: socket.socket, answer: Answer, request: Request) -> bool:
        while answer.after is not None and not answer.after.wait(0.05):
            if self._stopping.is_set():
                return False
        body = b"" if answer.status in {204, 304} else answer.body
        lengths = {} if answer.status in {204, 304} else {"Content-Length": str(len(body))}
        head = _head(answer.status, {**lengths, **answer.headers})
        connection.sendall(head + (b"" if request.method == "HEAD" else body))
        return request.headers.get("connection", "").lower() != "close"

    def _drip(self, connection: socket.socket, piece: bytes, every: float) -> None:
        while not self._stopping.wait(every):
            connection.sendall(piece)


def server_tls(certificate: Certificate) -> ssl.SSLContext:
    """TLS of a server with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Scripted", *[f"{k}: {v}" for k, v in headers.items()], "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _read(reader: BufferedReader, connection: int) -> Request | None:
    """One request off the wire; None when the client is done."""
    lines: list[str] = []
    while line := reader.readline(65537).decode("latin-1").rstrip("\r\n"):
        lines.append(line)
    if not lines:
        return None
    method, path, _ = lines[0].split(" ", 2)
    pairs = [line.split(":", 1) for line in lines[1:]]
    headers = {name.strip().lower(): value.strip() for name, value in pairs}
    body = reader.read(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body, connection)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
