"""A TCP relay that cuts connections as it is told: a network that fails where a server cannot be stopped."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import TYPE_CHECKING, Literal, Self

from orbital_http.testing import server_tls
from orbital_testbench.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_testbench.certificates import Certificate

    Direction = Literal["request", "answer"]


class Relay:
    """Passes everything on to one server, over a loopback port of its own.

    ```python
    with Relay("127.0.0.1", server.port) as relay:
        relay.cut_answers(2)  # the next two answers never arrive, though the server did what it was asked
        relay.refuse()        # nothing listens any more
        relay.listen()        # and again
    ```

    Args:
        host: Of the server.
        port: Of the server.
        certificate: Speak TLS to clients, with this one; the server is spoken to without.
    """

    def __init__(self, host: str, port: int, *, certificate: Certificate | None = None) -> None:
        self._target = host, port
        self._tls = None if certificate is None else server_tls(certificate)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self._cuts = 0
        self.cut: Callable[[Direction, bytes], bool] | None = None
        """Asked for each piece that passes: whether to cut the connection instead of passing it on. While it
        waits, nothing passes in this direction of this connection.
        """
        self.cuts = 0
        """Connections cut so far."""
        self.listen(0)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    def listen(self, port: int | None = None) -> None:
        """Take connections, on the same port as before."""
        self._listener = listener = socket.create_server(
            (LOOPBACK, self._port if port is None else port), backlog=128
        )
        self._port: int = listener.getsockname()[1]
        self._start(self._accept, listener)

    def refuse(self) -> None:
        """End all connections and take no new ones."""
        listener, self._listener = self._listener, None
        if listener is not None:
            _end(listener)
        self.cut_all()

    def cut_all(self) -> None:
        """End all connections."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            _end(connection)

    def cut_answers(self, count: int = 1) -> None:
        """Cut the connection in place of the next `count` answers."""
        with self._lock:
            self._cuts += count

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._target)
                for connection in (client, server):
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:
                client.close()
                continue
            with self._lock:
                self._open |= {client, server}
            if self._listener is not listener:  # told to refuse in the meantime
                _end(client)
                _end(server)
                return
            self._start(self._serve, client, server)

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        if self._tls is not None:
            plain = client
            try:
                client = self._tls.wrap_socket(plain, server_side=True)
            except OSError:  # the client does not like us
                _end(server)
                _end(plain)
                return
            with self._lock:  # wrapping emptied the plain socket
                self._open = (self._open - {plain}) | {client}
        self._start(self._pump, client, server, "request")
        self._start(self._pump, server, client, "answer")

    def _pump(self, source: socket.socket, sink: socket.socket, direction: Direction) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if self._wants_cut(direction, data):
                    for connection in (source, sink):
                        connection.setsockopt(
                            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                        )
                    break
                sink.sendall(data)
        for connection in (source, sink):
            _end(connection)
        with self._lock:
            self._open -= {source, sink}

    def _wants_cut(self, direction: Direction, data: bytes) -> bool:
        with self._lock:
            due = direction == "answer" and self._cuts > 0
            self._cuts -= due
        cut = self.cut
        wants = due or (cut is not None and cut(direction, data))
        with self._lock:
            self.cuts += wants
        return wants

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=target, args=arguments, name="relay", daemon=True).start()


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
