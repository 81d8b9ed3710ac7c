"""Calls Core over one pooled session; returns the data of the envelope, or raises a `CoreError`."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any, Final

from orbital_gravital.calls.answers import data_of
from orbital_gravital.errors import CoreMisconfigured, CoreUnavailable
from orbital_http import (
    HttpClient,
    HttpMisconfigured,
    Incoming,
    Reply,
    RequestFailed,
    SettingNames,
    Tls,
)
from orbital_sdk.address import public_address

if TYPE_CHECKING:
    from orbital_gravital.credentials import Credentials
    from orbital_gravital.sections import CoreSection

NAMES: Final = SettingNames(
    address="core.url",
    proxy_url="core.proxy_url",
    ca_file="core.ca_file",
    cert_file="core.cert_file",
    key_file="core.key_file",
    server_name="",
)
"""Names of the settings in messages about connections."""
HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "gzip"}
PREFIX: Final = "/api/v1"
CONNECT: Final = 10.0
"""Time limit of connecting, in seconds."""
MOST: Final = 128 << 20
"""Maximum bytes of an answer with a list, decompressed: 50,000 tasks are about 60 MB."""
VALUES: Final = 6_000_000
"""Maximum JSON values in an answer: 120 for each of 50,000 tasks. `[],` becomes 24 times as large
in memory: this many of them take 0.2 GB, this many numbers 0.4 GB."""
SHORT: Final = 1 << 20
"""Maximum bytes of any other answer."""
LIKELY: Final = 100
"""Maximum ratio of decompression. Lists of tasks are compressed 20 to 60 times."""
PIECE: Final = 1 << 20
PACK_FROM: Final = 1024
"""Size in bytes from which a body is compressed."""


class CoreClient:
    """The client of one Core. Its methods block; they are thread-safe.

    Args:
        url: Its address; a trailing slash is ignored.
        section: TLS, proxy and timeout.
    """

    def __init__(self, url: str, section: CoreSection) -> None:
        self.url = url.rstrip("/")
        self.address = public_address(self.url)
        """The address for messages: without user, password and query."""
        self._http = HttpClient(
            self.address,
            timeout=section.timeout,
            connect_timeout=CONNECT,
            tls=_tls(section),
            proxy_url=section.proxy_url,
            proxy_from_environment=section.proxy_url is None,
            headers=HEADERS,
            connections=8,
            names=NAMES,
        )

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
            body: Any JSON value; None for no body.
            credentials: Of this sentinel, if the route needs them.
            headers: Additional headers.
            timeout: Seconds for the whole call; None for core.timeout.

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
    ) -> tuple[int, Reply]:
        """One call with an encoded body, gzipped if `packed`, which only the ingest route accepts.

        Returns:
            The bytes sent, and the answer.

        Raises:
            CoreUnavailable: No answer, or not all of it in time.
            CoreMisconfigured: TLS or the address cannot work.
        """
        sent = dict(headers or {})
        if data is not None:
            sent["Content-Type"] = "application/json"
        if data is not None and packed and len(data) >= PACK_FROM:
            data = gzip.compress(data, compresslevel=5, mtime=0)
            sent["Content-Encoding"] = "gzip"
        if credentials is not None:
            sent |= credentials.headers()
        try:
            with self._http.exchange(
                method, self.url + PREFIX + path, data, headers=sent, timeout=timeout
            ) as response:
                listing = method == "GET" and response.status == 200
                body = self._read(response, MOST if listing else SHORT)
                return len(data or b""), Reply(response.status, response.headers, body)
        except HttpMisconfigured as error:
            raise CoreMisconfigured(str(error), sent=error.sent) from error
        except RequestFailed as error:
            raise CoreUnavailable(str(error), sent=error.sent) from error

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def _read(self, response: Incoming, limit: int) -> bytes | bytearray:
        body = response.read(limit, times=LIKELY)
        if body.problem:
            raise CoreUnavailable(f"{self.address}: its answer cannot be read: {body.problem}")
        if values(body.data) > VALUES:
            raise CoreUnavailable(f"{self.address} answers with more than {VALUES:,} values")
        return body.data


def values(body: bytes | bytearray) -> int:
    """Upper bound of the number of values in a JSON text; separators in strings count, too."""
    return sum(
        body.count(mark, start, start + PIECE)  # other threads can run in between
        for start in range(0, len(body), PIECE)
        for mark in (b",", b"[", b"{")
    )


def _tls(section: CoreSection) -> Tls:
    files = {"ca_file": section.ca_file, "cert_file": section.cert_file}
    if section.cert_file:
        files["key_file"] = section.key_file
    given = {name: file for name, file in files.items() if file}
    return Tls.model_validate({**given, "insecure_skip_verify": section.insecure_skip_verify})
