"""Connections whose answers come whole within a time limit: status line, headers and body together.

The limit of requests and urllib3 holds for each read from the socket: a server that drips one byte a second
can hold a call for hours. Here sending a request and reading its answer share one deadline, and connecting
(TCP, a proxy's answer to CONNECT, TLS) has a shorter limit of its own for each of its steps.
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
    from collections.abc import Callable

UNSENT: Final = "while connecting; nothing of the request was sent"
"""A note on errors (PEP 678) that ended an attempt to connect, TLS and the proxy's CONNECT included."""


class _Reader(io.RawIOBase):
    """What comes from a socket until a deadline (`time.monotonic()`)."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: float) -> None:
        self._raw = raw
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer was not complete in time")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, deadline: float, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Reader(self.fp.detach(), sock, deadline))


class _Plain(HTTPConnection):
    """Its `timeout` is that of a whole request.

    Args:
        patience: Seconds that each step of connecting may take; never more than `timeout`.
    """

    def __init__(self, *args: Any, patience: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._patience = patience

    def connect(self) -> None:
        limit = self.timeout
        self.timeout = self._patience if limit is None else min(self._patience, limit)
        self._start()
        try:
            super().connect()
        except Exception as error:
            error.add_note(UNSENT)
            raise
        finally:
            self.timeout = limit

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            self.connect()  # otherwise sending would connect, and have the limit of that
        self._start()
        super().request(*args, **kwargs)

    def _start(self) -> None:
        """The next answer, also one of a proxy to CONNECT, is due when the limit from now on is over."""
        response: Any = HTTPResponse
        if self.timeout is not None:
            response = partial(_Response, deadline=time.monotonic() + self.timeout)
        self.response_class = response


class _Tls(_Plain, HTTPSConnection):
    pass


def _pools(
    kind: type[HTTPConnectionPool], connection: type[_Plain], patience: float
) -> Callable[..., HTTPConnectionPool]:
    """Makes pools of such connections."""

    def make(*args: Any, **kwargs: Any) -> HTTPConnectionPool:
        pool: Any = kind(*args, **kwargs)
        pool.ConnectionCls = partial(connection, patience=patience)
        return pool

    return make


class DeadlineAdapter(HTTPAdapter):
    """requests' adapter with such connections, also through a proxy, unless that is a SOCKS proxy.

    The `timeout` of a request is one number: seconds for sending it and reading its answer.

    Args:
        connect_timeout: Seconds that each step of connecting may take.
        connections: Connections that are kept.
        server_name: Name to ask for and to expect in the certificate, instead of the URL's host.
    """

    def __init__(
        self, connect_timeout: float, *, connections: int = 4, server_name: str | None = None
    ) -> None:
        self._tls: dict[str, Any] = {"server_hostname": server_name} if server_name else {}
        self._pools: Any = {
            "http": _pools(HTTPConnectionPool, _Plain, connect_timeout),
            "https": _pools(HTTPSConnectionPool, _Tls, connect_timeout),
        }
        super().__init__(pool_connections=1, pool_maxsize=connections)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, **self._tls)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs, **self._tls)
        if not proxy.lower().startswith("socks"):  # those have connections of their own
            manager.pool_classes_by_scheme = self._pools
        return manager
