"""The way of a probe: open, ask, read; again for a digest challenge and for redirects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_plugin_http.dialer import open_wire
from orbital_plugin_http.exchange import exchange
from orbital_plugin_http.failure import ProbeFailedError, Reason
from orbital_plugin_http.pool import Pool
from orbital_plugin_http.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Hashable

    from orbital_plugin_http.config import HttpConfig
    from orbital_plugin_http.prepared import PreparedProbe
    from orbital_plugin_http.request import Request
    from orbital_plugin_http.trace import Trace
    from orbital_plugin_http.wire import Wire

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
"""Methods that may be sent again after a kept connection died (RFC 9110, 9.2.2)."""


class Prober:
    """Probes with the settings of one plugin instance."""

    def __init__(self, config: HttpConfig) -> None:
        self._config = config
        self._pool = Pool()

    def close(self) -> None:
        self._pool.close()

    async def run(self, prepared: PreparedProbe, trace: Trace) -> Reply:
        """The last response, redirects followed.

        Raises:
            ProbeFailedError: There is none.
            ConfigurationError: A TLS file cannot be used.
        """
        request = prepared.request
        while True:
            reply = await self._answer(prepared, request, trace)
            location = reply.header(b"location") if reply.status in REDIRECTS else ""
            if not location or not self._config.follow_redirects:
                return reply
            if trace.redirects >= self._config.max_redirects:
                raise ProbeFailedError(Reason.REDIRECT, f"more than {trace.redirects} redirects")
            request = request.redirected(reply.status, location)
            trace.redirects += 1

    async def _answer(self, prepared: PreparedProbe, request: Request, trace: Trace) -> Reply:
        """The response to one request, after a digest challenge if there is one."""
        digest = prepared.digest if request.trusted else None
        if digest is None:
            encoded = prepared.encoded if request is prepared.request else request.encoded()
            return await self._ask(prepared, request, encoded, trace)
        attempts = 3  # with a nonce that is good no more, without one, with the new one
        while True:
            login = digest.header(request.method, request.url.target)
            reply = await self._ask(prepared, request, request.encoded(login), trace)
            attempts -= 1
            if reply.status != 401 or not attempts:
                return reply
            if not digest.learn(reply.header(b"www-authenticate")):
                return reply

    async def _ask(
        self, prepared: PreparedProbe, request: Request, encoded: bytes, trace: Trace
    ) -> Reply:
        """One exchange, on a kept connection if there is one."""
        url = request.url
        key = (
            (url.origin, prepared.options, prepared.server_name(url))
            if self._config.keep_alive
            else None
        )
        kept = None if key is None else self._pool.take(key)
        if kept is not None:
            reply = self._reply(request)
            try:
                return await self._exchange(kept, key, encoded, reply, trace)
            except ProbeFailedError:
                if reply.begun or request.method not in REPEATABLE:
                    raise
        wire = await open_wire(prepared, url, trace)
        return await self._exchange(wire, key, encoded, self._reply(request), trace)

    def _reply(self, request: Request) -> Reply:
        return Reply(self._config.max_body, head=request.method == "HEAD")

    async def _exchange(
        self, wire: Wire, key: Hashable | None, encoded: bytes, reply: Reply, trace: Trace
    ) -> Reply:
        """Ask and read; after that the connection waits in the pool, or is closed."""
        keep = False
        try:
            await exchange(wire, encoded, reply, trace)
            keep = key is not None and reply.reusable
        finally:
            if keep:
                self._pool.put(key, wire)
            else:
                wire.close()
        return reply
