"""Connections whose answers come whole within the time-out, head and body, or count as late.

A socket's own time-out begins anew with each byte: whoever drips them would hold a thread for hours.
"""

from __future__ import annotations

import io
import time
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, Final, cast

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    import socket

    from urllib3 import PoolManager


class _Limited(io.RawIOBase):
    """What comes from a socket until its time is over.

    Args:
        raw: Reads from it.
        sock: The socket; its time-out is what all of it may take.
    """

    def __init__(self, raw: Any, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        self._patience = sock.gettimeout()
        self._until = time.monotonic() + (self._patience or 0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._patience is None:
            return self._raw.readinto(buffer)
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        try:
            return self._raw.readinto(buffer)
        finally:
            self._sock.settimeout(self._patience)

    def close(self) -> None:
        super().close()
        self._raw.close()


class _Answer(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self.fp = io.BufferedReader(_Limited(self.fp.detach(), sock))


class _Plain(HTTPConnection):
    response_class = _Answer


class _Tls(HTTPSConnection):
    response_class = _Answer


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = cast("Any", _Plain)


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = cast("Any", _Tls)


POOLS: Final[dict[str, type[HTTPConnectionPool | HTTPSConnectionPool]]] = {
    "http": _PlainPool,
    "https": _TlsPool,
}


class TimelyAdapter(HTTPAdapter):
    """Of a session of requests, for both schemes, with and without a proxy."""

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **more: Any) -> PoolManager:
        manager = super().proxy_manager_for(proxy, **more)
        if not proxy.lower().startswith("socks"):  # those have connections of their own
            manager.pool_classes_by_scheme = POOLS
        return manager
