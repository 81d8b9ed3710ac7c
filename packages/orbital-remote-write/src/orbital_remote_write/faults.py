"""What went wrong when no answer came, in words that help, and what it means for the samples."""

from __future__ import annotations

import errno
import ssl
from http.client import RemoteDisconnected
from typing import TYPE_CHECKING

import requests
from urllib3 import exceptions as low

from orbital_remote_write.deadline import UNSENT
from orbital_sdk import WriteError, WriterMisconfigured, WriterUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator


def explain(
    error: Exception, address: str, *, key: str = "url", has_certificate: bool = False
) -> WriteError:
    """The error that the sender has to act upon.

    Nothing of what the libraries say about the request itself is repeated: their texts hold its whole
    URL.

    Args:
        error: What requests raised.
        address: Where to, as people may see it.
        key: The setting that says so.
        has_certificate: Whether a client certificate is configured.
    """
    causes = list(_causes(error))
    where = f"{address} by the proxy" if _among(causes, low.ProxyError) else address
    tls = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
    if tls is not None and not isinstance(tls, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        reason, why = tls.reason or str(tls), getattr(tls, "verify_message", "")
        advice = tls_advice(reason, why, address, key=key, has_certificate=has_certificate)
        return WriterMisconfigured(f"{where}: {advice}")
    if any(str(cause).startswith("Tunnel connection failed: 407") for cause in causes):
        return WriterMisconfigured(f"{where}: it wants credentials; put them into proxy_url")
    what = f"{where}: {_what(error, causes)}"
    if address.startswith("https:") and not has_certificate and _was_cut(causes):
        what += " (if it asks for a client certificate, set tls.cert_file)"
    return WriterUnavailable(what, sent=not _among_notes(causes, UNSENT))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that stands behind it, as requests and urllib3 nest them."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]


def _what(error: Exception, causes: list[BaseException]) -> str:
    if _among(causes, low.NameResolutionError):
        return "the name is not known, or no name server answers"
    if _among(causes, requests.ConnectTimeout):
        return "no connection in time"
    if _among(causes, TimeoutError, low.ReadTimeoutError):
        return "no complete answer in time"
    if _was_cut(causes):
        return "the connection was closed before the answer was complete"
    return _system_says(causes) or f"no usable answer ({type(error).__name__})"


def _system_says(causes: list[BaseException]) -> str | None:
    system = next((c for c in causes if isinstance(c, OSError) and c.errno and c.strerror), None)
    if system is None:
        return None
    refused = system.errno == errno.ECONNREFUSED
    return "connection refused: nothing listens there" if refused else str(system.strerror).lower()


def _among(causes: list[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(cause, kinds) for cause in causes)


def _among_notes(causes: list[BaseException], note: str) -> bool:
    return any(note in getattr(cause, "__notes__", ()) for cause in causes)


def _was_cut(causes: list[BaseException]) -> bool:
    return _among(
        causes,
        ConnectionResetError, BrokenPipeError, RemoteDisconnected,
        ssl.SSLEOFError, ssl.SSLZeroReturnError, low.IncompleteRead,
    )  # fmt: skip


def tls_advice(
    reason: str, why: str, address: str, *, key: str = "url", has_certificate: bool = False
) -> str:
    """Why TLS did not come about, and what to do.

    Args:
        reason: OpenSSL's name for it, such as `CERTIFICATE_VERIFY_FAILED`.
        why: What is wrong with the server's certificate, where it is that.
        address: Where to, as people may see it.
        key: The setting that says so.
        has_certificate: Whether a client certificate is configured.
    """
    if why:
        return _certificate_advice(why.strip(". "), key)
    words = reason.replace("_", " ").lower()
    if "wrong version number" in words or "http request" in words:
        plain = address.partition(":")[0].removesuffix("s")
        return f"it speaks no TLS there; write {plain}:// in {key}, or another port"
    if "certificate required" in words or ("handshake failure" in words and not has_certificate):
        return "it asks for a client certificate; set tls.cert_file and tls.key_file"
    if "alert" in words and ("certificate" in words or "unknown ca" in words):
        return f"it does not accept our certificate ({words}); look at tls.cert_file"
    return f"no TLS connection ({words}); look at tls"


def _certificate_advice(why: str, key: str) -> str:
    said = f"its certificate is not accepted ({why})"
    if "mismatch" in why or "not valid for" in why:
        return f"{said}; look at {key}, or set tls.server_name"
    if "expired" in why or "not yet valid" in why:
        return f"{said}; renew it there, and look at the clocks"
    return f"{said}; set tls.ca_file to the authority that signed it"
