"""What each HTTP answer means for the samples."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from orbital_http import one_line
from orbital_sdk import NotWritten, Refusal, WriterMisconfigured, WriterUnavailable, Written

if TYPE_CHECKING:
    from orbital_http import Reply
    from orbital_sdk import WriteAnswer

_DUPLICATE: Final = re.compile(
    r"out of order sample|duplicate sample|err-mimir-sample-(out-of-order|duplicate)", re.IGNORECASE
)
"""The series has this sample or a newer one."""
_TOO_OLD: Final = re.compile(
    r"out of bounds|too old sample|err-mimir-sample-timestamp-too-old", re.IGNORECASE
)
HALF_A_BLOCK: Final = 3600.0
"""Seconds. A series may go on with a sample that is behind the newest of the server by no more than half of
its shortest block (Prometheus, `Head.appendableMinValidTime`)."""
_CERTAIN: Final = re.compile(
    r"out of bounds|too old sample|too far (in|into) the future|err-mimir-(?!tenant|max-)"
    r"|label name .* is not unique|invalid (metric|label) name|label value",
    re.IGNORECASE,
)
"""Words that a destination of ours says of samples, and no proxy of a request."""
_TOO_LARGE: Final = re.compile(
    r"maxInsertRequestSize|larger than max|max-write-message-size|request body too large",
    re.IGNORECASE,
)
_NOT_THE_DATA: Final = {
    "plain HTTP request was sent to HTTPS port": "it speaks TLS there; write https:// in url",  # nginx
    "sent an HTTP request to an HTTPS server": "it speaks TLS there; write https:// in url",  # Go
    "SSL certificate": "it wants another client certificate; look at tls.cert_file",  # nginx
    "unsupported path requested": "nothing takes remote write at that path; look at url, and leave out"
    " account where it is not a cluster",  # VictoriaMetrics
    "snappy: corrupt input": "it reads snappy alone; look at compression, and at proxies",  # Prometheus
    '"errorType":': "that path answers queries; look at url",  # Prometheus' and VictoriaMetrics' query API
    "no org id": "it wants a tenant; set tenant",  # Cortex
}
"""Words of a 400 that speak of the request's way and not of its samples."""
_WHO: Final = re.compile(r'remoteAddr: "[^"]*"; (X-Forwarded-For: [^;]*; )?requestURI: [^;]*; ')
"""VictoriaMetrics begins with who asked what; we know, and the same fault shall have the same words."""
_ADVICE: Final = {
    401: "it wants other credentials; look at basic_auth, bearer_token or bearer_token_file",
    403: "these credentials may not write there; look at them, and at tenant",
    404: "nothing takes remote write at that path; look at url, and start Prometheus with"
    " --web.enable-remote-write-receiver",
    405: "that path takes no POST; look at url",
    407: "the proxy wants credentials; put them into proxy_url",
    410: "that path is gone; look at url",
    415: "it does not take remote write 1.0 with snappy there; look at url",
    421: "it does not serve that host name; look at url and tls.server_name",
    431: "it finds the headers too long; look at headers and tokens",
}


def judge(reply: Reply, address: str, sent: int) -> WriteAnswer:
    """What an answer says of the samples.

    Args:
        reply: The answer.
        address: Where from, as people may see it.
        sent: Bytes that it answers.

    Raises:
        WriterUnavailable, WriterMisconfigured: Nothing.
    """
    if reply.is_success:
        return Written(sent)
    status, words = reply.status, words_of(reply)
    heading = f"{address} answered {status}{f': {words}' if words else ''}"
    if reply.is_temporary:
        raise WriterUnavailable(heading, retry_after=reply.retry_after)
    if status == 413 or (status in {400, 422} and _TOO_LARGE.search(words)):
        return NotWritten(heading, Refusal.TOO_LARGE)
    if advice := _advice(reply, words):
        raise WriterMisconfigured(f"{heading} ({advice})")
    return NotWritten(words or heading, _refusal(words))


def _refusal(words: str) -> Refusal:
    if _DUPLICATE.search(words):
        return Refusal.THERE
    return Refusal.BAD if _CERTAIN.search(words) else Refusal.DOUBTFUL


def is_past(words: str, age: float) -> bool:
    """Whether a refusal as too old says that the series has this sample or a newer one.

    It does of a sample that is fresh, since that is taken wherever its series is not past it. Of older ones
    it may say only that other series went on, and ours may never have been stored.

    Args:
        words: The server's.
        age: Seconds, of the oldest sample in the request.
    """
    return age < HALF_A_BLOCK and bool(_TOO_OLD.search(words))


def _advice(reply: Reply, words: str) -> str | None:
    """What a person should change, where the answer is not about the samples."""
    if reply.status < 400:
        place = reply.headers.get("Location", "").partition("?")[0].rpartition("@")[2]
        return (
            f"redirects are not followed; look at url{f', it points to {place}' if place else ''}"
        )
    if reply.status in {400, 422}:
        return next((text for told, text in _NOT_THE_DATA.items() if told in words), None)
    return _ADVICE.get(reply.status)


def words_of(reply: Reply) -> str:
    """What it says, on one line."""
    return one_line(_WHO.sub("", reply.text))
