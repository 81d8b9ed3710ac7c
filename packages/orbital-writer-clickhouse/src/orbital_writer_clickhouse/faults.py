"""Why no answer came over the native protocol, in words that help.

clickhouse-driver keeps the system's words of an error, and not the error.
"""

from __future__ import annotations

import re
from typing import Final

from orbital_remote_write.faults import tls_advice
from orbital_sdk import WriteError, WriterMisconfigured, WriterUnavailable

SOCKET_TIMEOUT: Final = 209
CLOSED: Final = "the connection was closed before the answer was complete"
_WORDS: Final = {
    r"Connection refused": "connection refused: nothing listens there",
    r"Name or service not known|name resolution|nodename nor servname": (
        "the name is not known, or no name server answers"
    ),
    r"EOF|reset by peer|Broken pipe": CLOSED,
}
_TLS: Final = re.compile(r"\[SSL: (?!UNEXPECTED_EOF)(\w+)\]")
_CERTIFICATE: Final = re.compile(r"certificate verify failed: (.*?) \(_ssl")
_CODE: Final = re.compile(r"^Code: \d+\. ")


def unreachable(
    error: Exception, address: str, *, sent: bool, has_certificate: bool = False
) -> WriteError:
    """The error that the sender has to act upon.

    Args:
        error: What clickhouse-driver or the system raised.
        address: Where to, as people may see it.
        sent: Whether it came after the connection was made.
        has_certificate: Whether a client certificate is configured.
    """
    said = _CODE.sub("", " ".join(str(error).split()))
    if tls := _TLS.search(said):
        why = _CERTIFICATE.search(said)
        advice = tls_advice(
            tls[1], why[1] if why else "", address, key="dsn", has_certificate=has_certificate
        )
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
