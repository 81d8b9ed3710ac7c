"""Calls Core over one pooled session, and gives back what stands in the envelope, or one of our errors."""

from __future__ import annotations

import gzip
import json
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import requests
import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as ReadTimeout

from orbital_runtime.core.answers import Answer, data_of
from orbital_runtime.core.errors import CoreError, CoreMisconfigured, CoreUnavailable
from orbital_runtime.core.timely import TimelyAdapter
from orbital_sdk.inflate import inflated

if TYPE_CHECKING:
    from orbital_runtime.settings import CoreSection
    from orbital_runtime.settings.credentials import Credentials

PREFIX: Final = "/api/v1"
CONNECT: Final = 10.0
"""Seconds that connecting may take."""
MOST: Final = 128 << 20
"""Bytes of an answer with a list, unpacked: 50,000 tasks are some 60 MB."""
VALUES: Final = 6_000_000
"""Of an answer: 120 for each of 50,000 tasks. `[],` becomes 24 times as large in memory; so
many of them take 0.2 GB, as many numbers 0.4."""
SHORT: Final = 1 << 20
"""Bytes of any other."""
LIKELY: Final = 100
"""Times as large as it came that an answer may well become. Lists of tasks become 20 to 60 times as large."""
PIECE: Final = 1 << 20
PACK_FROM: Final = 1024
"""Bytes from which a body is worth packing."""


class CoreClient:
    """One Core. Its methods block, and may be called from several threads.

    Args:
        url: Its address; a slash at the end does no harm.
        section: TLS, proxy and time-out.
    """

    def __init__(self, url: str, section: CoreSection) -> None:
        self.url = url.rstrip("/")
        self.address = _shown(self.url)
        """For people: no user, no password, no query."""
        self._timeout = section.timeout
        self._session = _session(section)
        self._verify = False if section.insecure_skip_verify else section.ca_file or True
        """Given with each request: for a session's own, requests lets REQUESTS_CA_BUNDLE win."""
        if section.insecure_skip_verify:
            urllib3.disable_warnings(
                urllib3.exceptions.InsecureRequestWarning
            )  # a note says it once

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        credentials: Credentials | None = None,
        headers: dict[str, str] | None = None,
        timeout: float | None = None,
    ) -> Any:
        """One call with a JSON body.

        Args:
            method: GET or POST.
            path: After `/api/v1`.
            body: Anything JSON; None for none.
            credentials: Of this sentinel, where the route wants them.
            headers: More of them.
            timeout: Seconds for all of it; core.timeout where None.

        Raises:
            CoreError: One of its subclasses.
        """
        data = None if body is None else json.dumps(body).encode()
        _, answer = self.send(
            method, path, data, credentials=credentials, headers=headers, timeout=timeout
        )
        return data_of(answer, f"{method} {self.address}{PREFIX}{path}")

    def send(
        self,
        method: str,
        path: str,
        data: bytes | None,
        *,
        credentials: Credentials | None = None,
        headers: dict[str, str] | None = None,
        packed: bool = False,
        timeout: float | None = None,
    ) -> tuple[int, Answer]:
        """One call with a body that is encoded already, gzipped if `packed`: ingest alone reads that.

        Returns:
            Bytes that went out, and what came back.

        Raises:
            CoreUnavailable: No answer came, or not all of it in time.
            CoreMisconfigured: TLS or an address that cannot work.
        """
        sent = dict(headers or {})
        if data is not None:
            sent["Content-Type"] = "application/json"
        if data is not None and packed and len(data) >= PACK_FROM:
            data = gzip.compress(data, compresslevel=5, mtime=0)
            sent["Content-Encoding"] = "gzip"
        if credentials is not None:
            sent |= credentials.headers()
        limit = timeout or self._timeout
        try:
            with self._session.request(
                method, self.url + PREFIX + path, data=data, headers=sent, stream=True,
                allow_redirects=False, timeout=(min(CONNECT, limit), limit), verify=self._verify,
            ) as response:  # fmt: skip
                listing = method == "GET" and response.status_code == 200
                body = self._read(response, MOST if listing else SHORT)
                return len(data or b""), Answer(response.status_code, body, response.headers)
        except (requests.exceptions.InvalidHeader, UnicodeEncodeError):
            raise CoreMisconfigured(
                f"{self.address}: no header can carry this id, token or key", sent=False
            ) from None  # its words have the value in them
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise self._explained(error) from error

    def close(self) -> None:
        """Close its connections."""
        self._session.close()

    def _read(self, response: requests.Response, most: int) -> bytes | bytearray:
        pieces: list[bytes] = []
        size = 0
        while piece := response.raw.read1(PIECE, decode_content=False):  # what is there, not all
            pieces.append(piece)
            size += len(piece)
            if size > most:
                raise CoreUnavailable(f"{self.address} answers with more than {most >> 20} MiB")
        coding = response.headers.get("Content-Encoding", "")
        body = inflated(b"".join(pieces), coding, most, times=LIKELY)
        if body.problem:
            raise CoreUnavailable(f"{self.address}: its answer cannot be read: {body.problem}")
        if values(body.data) > VALUES:
            raise CoreUnavailable(f"{self.address} answers with more than {VALUES:,} values")
        return body.data

    def _explained(self, error: Exception) -> CoreError:
        """What requests and urllib3 raise, in words, without our URL in them."""
        inner, sentence = _innermost(error), _sentence(_innermost(error))
        if isinstance(error, requests.exceptions.ProxyError):
            told = f"{self.address}, through the proxy: {sentence}"
            if re.search(r"failed: 4\d\d ", sentence):
                return CoreMisconfigured(f"{told}; look at core.proxy_url", sent=False)
            return CoreUnavailable(told, sent=False)
        if isinstance(error, requests.exceptions.SSLError) or type(error) is OSError:  # a file
            return CoreMisconfigured(
                f"{self.address}: no TLS connection ({inner}); look at core.ca_file, "
                "core.cert_file, core.key_file and the address",
                sent=False,
            )
        if isinstance(error, (requests.Timeout, ReadTimeout)):
            late = isinstance(error, requests.ConnectTimeout)
            return CoreUnavailable(f"{self.address} did not answer in time", sent=not late)
        if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
            return CoreMisconfigured(f"{self.address}, or the proxy: {inner}", sent=False)
        connecting = isinstance(_caused(error), NewConnectionError)
        return CoreUnavailable(f"{self.address}: {sentence}", sent=not connecting)


def values(body: bytes | bytearray) -> int:
    """How many values JSON may have in it, at most: those in strings count, too."""
    return sum(
        body.count(mark, start, start + PIECE)  # others get their turn in between
        for start in range(0, len(body), PIECE)
        for mark in (b",", b"[", b"{")
    )


def _session(section: CoreSection) -> requests.Session:
    session = requests.Session()
    adapter = TimelyAdapter(pool_connections=1, pool_maxsize=8)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    session.headers.update(
        {"User-Agent": "orbital-sentinel", "Accept": "application/json", "Accept-Encoding": "gzip"}
    )
    session.auth = lambda request: request  # our headers say who we are, and no ~/.netrc
    session.trust_env = section.proxy_url is None
    if section.proxy_url is not None:
        session.proxies = dict.fromkeys(("http", "https"), section.proxy_url.get_secret_value())
    if section.cert_file:
        session.cert = (section.cert_file, section.key_file or section.cert_file)
    return session


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _caused(error: Exception) -> object:
    """What urllib3 gave up over."""
    return getattr(error.args[0] if error.args else None, "reason", None)


def _sentence(error: BaseException) -> str:
    if isinstance(error, (ConnectionResetError, BrokenPipeError)):  # which of them is a race
        return "the connection was closed before the answer was complete"
    text = getattr(error, "strerror", None) or str(error)
    return text.rpartition(": ")[2] if isinstance(error, HTTPError) else text


def _innermost(error: BaseException) -> BaseException:
    """The cause that says something: requests wraps urllib3, which wraps the socket's error."""
    seen: BaseException = error
    while True:
        inner = (getattr(seen, "reason", None), *seen.args, seen.__cause__)
        following = next((one for one in inner if isinstance(one, BaseException)), None)
        if following is None:
            return seen
        seen = following
