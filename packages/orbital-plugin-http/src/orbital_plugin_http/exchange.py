"""One request and its response on an open connection."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from orbital_plugin_http.certificates import chain_of
from orbital_plugin_http.failure import ProbeFailedError, Reason, why
from orbital_plugin_http.trace import now

if TYPE_CHECKING:
    from orbital_plugin_http.reply import Reply
    from orbital_plugin_http.trace import Trace
    from orbital_plugin_http.wire import Wire


async def exchange(wire: Wire, encoded: bytes, reply: Reply, trace: Trace) -> None:
    """Send the request and read until `reply` is complete. What is learnt on the way lands in `trace`.

    Raises:
        ProbeFailedError: The connection broke, or what came is not HTTP.
    """
    _note_wire(trace, wire)
    trace.doing = "waiting for the answer"
    began = now()
    broken = await _send(wire, encoded)
    try:
        data = await wire.receive(first=True)
        first = now()
        trace.processing += first - began
        trace.doing = "reading the answer"
        reply.feed(data)
        while not reply.complete:
            reply.feed(await wire.receive())
        trace.transfer += now() - first
    except ssl.SSLError as error:
        raise ProbeFailedError(Reason.TLS, f"the TLS connection broke: {why(error)}") from error
    except OSError as error:
        reason = why(broken or error)
        raise ProbeFailedError(Reason.PROTOCOL, f"the connection broke: {reason}") from error
    finally:
        _note_reply(trace, reply)


async def _send(wire: Wire, encoded: bytes) -> OSError | None:
    """Send a request. If that breaks, there may be an answer all the same: a 413, a 400."""
    try:
        await wire.send(encoded)
    except OSError as error:
        return error
    return None


def _note_wire(trace: Trace, wire: Wire) -> None:
    if not trace.status:
        trace.note_address(wire.address)
    sock = wire.sock
    trace.secure = isinstance(sock, ssl.SSLSocket)
    trace.chain, trace.tls_version, trace.cipher = None, "", ""
    if isinstance(sock, ssl.SSLSocket):
        cipher = sock.cipher()
        trace.tls_version = (sock.version() or "").replace("TLSv", "TLS ")
        trace.cipher = cipher[0] if cipher else ""
        trace.chain = chain_of(sock)


def _note_reply(trace: Trace, reply: Reply) -> None:
    trace.status = reply.status
    trace.version = reply.version
    trace.content_length = reply.content_length if reply.headers_complete else 0
    trace.last_modified = reply.header(b"last-modified")
