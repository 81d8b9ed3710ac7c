"""Why no answer came, in words that help: what happened, where, and what to change."""

from __future__ import annotations

import errno
import re
import ssl
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from typing import TYPE_CHECKING, Final

import requests
from urllib3 import exceptions as low

from orbital_http.deadline import UNSENT
from orbital_http.errors import HttpMisconfigured, HttpUnavailable, RequestFailed
from orbital_http.tls import tls_advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orbital_http.destination import Destination

CLOSED: Final = "the connection was closed before the answer was complete"
REFUSED: Final = "connection refused: nothing listens there"
UNKNOWN: Final = "the name is not known, or no name server answers"
_BAD_ADDRESS: Final = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)
_TEMPORARY: Final = {"408", "425", "429"}
"""What a proxy says that may have another answer later."""
_TUNNEL: Final = re.compile(r"Tunnel connection failed: (\d+ .*)")


def explain(error: Exception, to: Destination) -> RequestFailed:
    """What requests or urllib3 raised, in our words. Theirs hold the whole URL, so they are not repeated."""
    causes = list(_causes(error))
    where = f"{to.address}, through the proxy" if _among(causes, low.ProxyError) else to.address
    advice = _advice(error, causes, to)
    if advice is not None:
        return HttpMisconfigured(f"{where}: {advice}", sent=False)
    what = f"{where}: {_what(error, causes, to)}"
    if to.address.startswith("https:") and not to.has_certificate and _was_cut(causes):
        what += f" (if it asks for a client certificate, set {to.names.cert_file})"
    return HttpUnavailable(what, sent=not _is_unsent(causes))


def _advice(error: Exception, causes: list[BaseException], to: Destination) -> str | None:
    """What a person has to change; None where waiting may help."""
    tls = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
    if tls is not None and not isinstance(tls, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return tls_advice(tls.reason or str(tls), getattr(tls, "verify_message", ""), to)
    if type(error) is OSError:  # requests looks for the files of TLS before it connects
        return f"{error}; look at {to.names.files}"
    if isinstance(error, _BAD_ADDRESS):
        return f"it cannot be asked; look at {to.names.address} and {to.names.proxy_url}"
    if isinstance(error, ValueError) and not _among(causes, low.HTTPError):
        return "no header can carry these credentials, or another header's value; look at them"
    return _refused_tunnel(causes, to)


def _refused_tunnel(causes: list[BaseException], to: Destination) -> str | None:
    said = _tunnel(causes)
    if said.startswith("407"):
        return f"it wants credentials; put them into {to.names.proxy_url}"
    if said.startswith("4") and said[:3] not in _TEMPORARY:
        return f"it answered {said}; look at {to.names.proxy_url}"
    return None


def _tunnel(causes: list[BaseException]) -> str:
    """Status and reason of a proxy that does not CONNECT; empty where it is not that."""
    found = (_TUNNEL.match(str(cause)) for cause in causes)
    return next((match[1] for match in found if match), "")


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


def _what(error: Exception, causes: list[BaseException], to: Destination) -> str:
    if _among(causes, low.NameResolutionError):
        return UNKNOWN
    if _among(causes, TimeoutError, requests.Timeout, low.ReadTimeoutError):
        return _late(causes, to)
    if _was_cut(causes):
        return CLOSED
    if said := _tunnel(causes):
        return f"it answered {said}"
    if _among(causes, HTTPException):
        return "no usable answer: what came is not HTTP"
    return _system_says(causes) or f"no usable answer ({type(error).__name__})"


def _late(causes: list[BaseException], to: Destination) -> str:
    if not _is_unsent(causes):
        return "no complete answer in time"
    if _among(causes, requests.ConnectTimeout) or not to.address.startswith("https:"):
        return "no connection in time"
    hint = f"if it speaks no TLS there, write http:// in {to.names.address}"
    return f"no TLS connection in time ({hint})"


def _system_says(causes: list[BaseException]) -> str | None:
    system = next((c for c in causes if isinstance(c, OSError) and c.errno and c.strerror), None)
    if system is None:
        return None
    return REFUSED if system.errno == errno.ECONNREFUSED else str(system.strerror).lower()


def _among(causes: list[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(cause, kinds) for cause in causes)


def _is_unsent(causes: list[BaseException]) -> bool:
    noted = any(UNSENT in getattr(cause, "__notes__", ()) for cause in causes)
    return noted or _among(causes, low.NewConnectionError, low.ConnectTimeoutError)


def _was_cut(causes: list[BaseException]) -> bool:
    return _among(
        causes,
        ConnectionResetError, BrokenPipeError, RemoteDisconnected,
        ssl.SSLEOFError, ssl.SSLZeroReturnError, IncompleteRead,
    )  # fmt: skip
