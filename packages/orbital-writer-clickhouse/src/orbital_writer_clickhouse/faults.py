"""Why no answer came over the native protocol, in words that help.

clickhouse-driver keeps the system's words of an error, and not the error.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from orbital_http import tls_advice
from orbital_http.failures import CLOSED, REFUSED, UNKNOWN
from orbital_sdk import WriteError, WriterMisconfigured, WriterUnavailable

if TYPE_CHECKING:
    from orbital_http import Destination

SOCKET_TIMEOUT: Final = 209
_WORDS: Final = {
    r"Connection refused": REFUSED,
    r"Name or service not known|name resolution|nodename nor servname": UNKNOWN,
    r"EOF|reset by peer|Broken pipe": CLOSED,
}
_TLS: Final = re.compile(r"\[SSL: (?!UNEXPECTED_EOF)(\w+)\]")
_CERTIFICATE: Final = re.compile(r"certificate verify failed: (.*?) \(_ssl")
_CODE: Final = re.compile(r"^Code: \d+\. ")


def unreachable(error: Exception, to: Destination, *, sent: bool) -> WriteError:
    """The error that the sender has to act upon.

    Args:
        error: What clickhouse-driver or the system raised.
        to: Where to.
        sent: Whether it came after the connection was made.
    """
    address, said = to.address, _CODE.sub("", " ".join(str(error).split()))
    if tls := _TLS.search(said):
        why = _CERTIFICATE.search(said)
        advice = tls_advice(tls[1], why[1] if why else "", to)
        return WriterMisconfigured(f"{address}: {advice}")
    if "Unexpected packet" in said:
        return WriterMisconfigured(f"{address}: {said}; look at the port in dsn")
    what = _what(error, said)
    if what == CLOSED and not sent and address.startswith("tcps:"):
        what += " (if it speaks no TLS there, write tcp:// in dsn)"
    return WriterUnavailable(f"{address}: {what}", sent=sent)


def _what(error: Exception, said: str) -> str:
    if isinstance(error, TimeoutError) or getattr(error, "code", 0) == SOCKET_TIMEOUT:
        return "no answer in time"
    if isinstance(error, EOFError):
        return CLOSED
    known = (words for pattern, words in _WORDS.items() if re.search(pattern, said))
    return next(known, said[:200] or type(error).__name__)
