"""From a URL to an open connection: resolve, connect, TLS, each timed and each with its own failure."""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING

from orbital_plugin_http.certificates import chain_of
from orbital_plugin_http.failure import ProbeFailedError, Reason, why
from orbital_plugin_http.tls import CONTEXTS
from orbital_plugin_http.trace import now
from orbital_plugin_http.wire import connect
from orbital_resolver import Unresolved, literal, lookup
from orbital_sdk.tls import not_accepted

if TYPE_CHECKING:
    from orbital_plugin_http.certificates import Chain
    from orbital_plugin_http.prepared import PreparedProbe
    from orbital_plugin_http.trace import Trace
    from orbital_plugin_http.url import Url
    from orbital_plugin_http.wire import Wire
    from orbital_resolver import Address


async def open_wire(prepared: PreparedProbe, url: Url, trace: Trace) -> Wire:
    """A new connection to `url`, ready for a request.

    Raises:
        ProbeFailedError: There is none to be had.
        ConfigurationError: A TLS file cannot be used.
    """
    addresses = await _resolve(prepared, url, trace)
    wire = await _connect(url, addresses, trace)
    if url.secure:
        try:
            await _secure(prepared, url, wire, trace)
        except BaseException:
            wire.close()
            raise
    return wire


async def _resolve(prepared: PreparedProbe, url: Url, trace: Trace) -> list[Address]:
    addresses = prepared.addresses if url is prepared.url else literal(url.host, url.port)
    if addresses is None:
        addresses = await _lookup(prepared, url, trace)
    addresses = prepared.usable(addresses)
    if not addresses:
        raise ProbeFailedError(Reason.DNS, f"{url.host} has no IPv{prepared.version} address")
    if not trace.address:
        trace.note_address(addresses[0])
    return addresses


async def _lookup(prepared: PreparedProbe, url: Url, trace: Trace) -> list[Address]:
    trace.doing = f"resolving {url.host}"
    began = now()
    try:
        return await lookup(url.host, url.port, family=prepared.family)
    except Unresolved as error:
        raise ProbeFailedError(Reason.DNS, str(error)) from error
    finally:
        seconds = now() - began
        trace.resolve += seconds
        trace.lookup = trace.lookup or seconds


async def _secure(prepared: PreparedProbe, url: Url, wire: Wire, trace: Trace) -> None:
    context, name = CONTEXTS.get(prepared.options), prepared.server_name(url)
    trace.doing = "waiting for the TLS handshake"
    began = now()
    try:
        await wire.secure(context, name)
    except ssl.SSLCertVerificationError as error:
        wire.close()
        trace.chain = await _refused_chain(prepared, wire.address, name)
        message = not_accepted(error.verify_message, ca_file="ca_file", server_name="server_name")
        raise ProbeFailedError(Reason.TLS, message) from error
    except ssl.SSLError as error:
        raise ProbeFailedError(Reason.TLS, f"no TLS: {why(error)}") from error
    except OSError as error:
        raise ProbeFailedError(Reason.TLS, f"the handshake broke: {why(error)}") from error
    except ValueError as error:
        raise ProbeFailedError(Reason.TLS, f"TLS cannot ask for {name!r}: {error}") from error
    trace.tls += now() - began


async def _refused_chain(prepared: PreparedProbe, address: Address, name: str) -> Chain | None:
    """The chain that verification refused, so that the metrics can tell when it expired.

    OpenSSL does not hand it out, so it takes a second handshake, after which nothing is sent.
    """
    context = CONTEXTS.get(prepared.options._replace(verify=False))
    with contextlib.suppress(OSError, ValueError):
        second = await connect([address])
        with contextlib.closing(second):
            return chain_of(await second.secure(context, name))
    return None


async def _connect(url: Url, addresses: list[Address], trace: Trace) -> Wire:
    place = _place(url, addresses)
    trace.doing = f"connecting to {place}"
    began = now()
    try:
        wire = await connect(addresses)
    except OSError as error:
        message = f"cannot connect to {place}: {why(error)}"
        raise ProbeFailedError(Reason.CONNECT, message) from error
    trace.connect += now() - began
    return wire


def _place(url: Url, addresses: list[Address]) -> str:
    if len(addresses) > 1:
        return f"{url.host}:{url.port} ({len(addresses)} addresses)"
    host, port = addresses[0][4][:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
