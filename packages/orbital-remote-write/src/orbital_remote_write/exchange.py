"""One HTTP request and its whole answer. Also for writers of other formats that speak HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import requests
from urllib3.exceptions import HTTPError

from orbital_remote_write.faults import explain
from orbital_sdk import WriterMisconfigured
from orbital_sdk.inflate import inflated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr

    from orbital_remote_write.settings import Tls

ANSWER: Final = 64 << 10
"""Bytes of an answer that are read; more end the connection."""


class Reach(Protocol):
    """The settings of a destination that say how it is reached."""

    @property
    def timeout(self) -> float: ...
    @property
    def connect_timeout(self) -> float: ...
    @property
    def tls(self) -> Tls: ...
    @property
    def proxy_url(self) -> SecretStr | None: ...
    @property
    def proxy_from_environment(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """Looked up without regard to case."""
    body: bytes


def _unpacked(response: requests.Response, body: bytes, limit: int) -> bytes:
    """What the body says, or in its place why it cannot be read: we asked for no compression."""
    coding = response.headers.get("Content-Encoding", "")
    unpacked = inflated(body, coding, limit)
    if coding and unpacked.problem:
        return f"an answer that cannot be read: {unpacked.problem}".encode()
    return bytes(unpacked.data)


def exchange(
    session: requests.Session,
    url: str,
    data: bytes,
    *,
    address: str,
    reach: Reach,
    key: str = "url",
    headers: Mapping[str, str | bytes] | None = None,
    params: Mapping[str, str] | None = None,
    limit: int = ANSWER,
) -> Reply:
    """POST, and read the answer to its end, which lets the connection be used again.

    Args:
        session: Made by `session.reaching`.
        url: With its query.
        data: The body.
        address: Where to, as people may see it.
        reach: As for the session.
        key: The setting that says where to.
        headers: Of this request alone.
        params: More of a query.
        limit: Bytes of the answer that are read; more end the connection.

    Raises:
        WriterUnavailable, WriterMisconfigured: No answer came, and why.
    """
    try:
        with session.post(
            url,
            data=data,
            params=params,
            headers=headers,
            timeout=(reach.connect_timeout, reach.timeout),
            stream=True,
            allow_redirects=False,
        ) as response:
            body: bytes = response.raw.read(limit + 1, decode_content=False) or b""
            if len(body) > limit:
                response.raw.close()
            return Reply(response.status_code, response.headers, _unpacked(response, body, limit))
    except (requests.RequestException, HTTPError) as error:
        certificate = reach.tls.cert_file is not None
        raise explain(error, address, key=key, has_certificate=certificate) from error
    except OSError as error:  # a certificate's file is gone, says requests before it sends
        raise WriterMisconfigured(f"{address}: {error}; look at tls") from error
