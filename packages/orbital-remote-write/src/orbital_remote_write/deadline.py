"""Connections whose whole answer must come in time.

The time limit of requests and urllib3 holds for each read from the socket: a server that drips one byte
a second can hold a call for hours. Here the answer is read through a reader that knows when it must be
complete, so status line, headers and body share one limit, and sending has the same one.
"""

from __future__ import annotations

import io
import time
from functools import partial
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, Final

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    import socket

UNSENT: Final = "while connecting; nothing of the request was sent"
"""A note on errors (PEP 678) that ended an attempt to connect, TLS and the proxy's CONNECT included."""


class _Reader(io.RawIOBase):
    """A socket's incoming bytes until a deadline (`time.monotonic()`)."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._raw = connection.makefile("rb", buffering=0)
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer was not complete in time")
        self._connection.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, deadline: float, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_Reader(sock, deadline))


class _Punctual(HTTPConnection):
    """Sending a request and reading all of its answer share one deadline."""

    limit = 30.0
    """Seconds."""

    def connect(self) -> None:
        self._start()  # a proxy's answer to CONNECT is an answer too
        try:
            super().connect()
        except Exception as error:
            error.add_note(UNSENT)
            raise

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._start()
        if self.sock is None:
            self.connect()
        self.timeout = self.limit  # until now it was the time for connecting
        super().request(*args, **kwargs)

    def _start(self) -> None:
        deadline = time.monotonic() + self.limit
        self.response_class = partial(_Response, deadline=deadline)  # pyright: ignore[reportAttributeAccessIssue] (called like the class)


def pools(limit: float) -> dict[str, type[HTTPConnectionPool]]:
    """Pools of such connections, by scheme; `limit` in seconds."""

    class Plain(_Punctual):
        pass

    class Tls(_Punctual, HTTPSConnection):
        pass

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain  # pyright: ignore[reportAssignmentType] (urllib3's own classes do not fit it either)

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = Tls  # pyright: ignore[reportAssignmentType] (as above)

    Plain.limit = Tls.limit = limit
    return {"http": PlainPool, "https": TlsPool}


class PunctualAdapter(HTTPAdapter):
    """requests' adapter with such connections, also through a proxy.

    Args:
        limit: Seconds for sending a request and reading its answer.
        pool_size: Connections that are kept.
        tls: What urllib3 is told beside what requests tells it, such as `server_hostname`.
    """

    def __init__(self, limit: float, *, pool_size: int = 4, tls: dict[str, Any]) -> None:
        self._tls = tls
        self._pools = pools(limit)
        super().__init__(pool_connections=1, pool_maxsize=pool_size)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, **self._tls)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs, **self._tls)
        manager.pool_classes_by_scheme = self._pools
        return manager
