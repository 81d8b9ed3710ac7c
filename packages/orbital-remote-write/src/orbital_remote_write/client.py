"""Posts write requests, and turns whatever comes of it into what the sender acts upon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import requests
import snappy  # pyright: ignore[reportMissingTypeStubs] (untyped)
from urllib3.exceptions import HTTPError

from orbital_remote_write.answers import Answer, clean_words, judge
from orbital_remote_write.credentials import Credentials
from orbital_remote_write.faults import explain
from orbital_remote_write.session import check_tls, make_session, warn
from orbital_sdk import WriterMisconfigured

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_remote_write.settings import RemoteWriteConfig

ANSWER: Final = 64 << 10
"""Bytes of an answer that are read; more end the connection."""
_compress: Final = cast("Callable[[bytes], bytes]", snappy.compress)  # pyright: ignore[reportUnknownMemberType] (untyped)


class Client:
    """One destination. Not for several threads at once.

    Raises:
        ConfigurationError: A file of `tls` cannot be used.
    """

    def __init__(self, config: RemoteWriteConfig) -> None:
        self.address = config.address
        self._config = config
        self._credentials = Credentials(config)
        check_tls(config.tls)
        self._session = make_session(config, self._credentials)
        warn(config)

    def post(self, body: bytes) -> int:
        """Deliver one write request; returns the bytes that went out.

        Raises:
            WriterUnavailable, WriterMisconfigured, BatchTooLarge, BatchRejected
        """
        compressed = _compress(body)
        error = judge(self._post(compressed), self.address)
        if error is not None:
            raise error
        return len(compressed)

    def close(self) -> None:
        """Close its connections."""
        self._session.close()

    def _post(self, compressed: bytes) -> Answer:
        try:
            with self._session.post(
                self._config.url,
                data=compressed,
                timeout=(self._config.connect_timeout, self._config.timeout),
                stream=True,
                allow_redirects=False,
            ) as response:
                return self._read(response)
        except (requests.RequestException, HTTPError) as error:
            certificate = self._config.tls.cert_file is not None
            raise explain(error, self.address, has_certificate=certificate) from error
        except OSError as error:  # a certificate's file is gone, says requests before it sends
            raise WriterMisconfigured(f"{self.address}: {error}; look at tls") from error

    def _read(self, response: requests.Response) -> Answer:
        """Status, headers and words. Reading to the end lets the connection be used again."""
        body: bytes = response.raw.read(ANSWER + 1, decode_content=True) or b""
        if len(body) > ANSWER:
            response.raw.close()
        words = "" if 200 <= response.status_code < 300 else clean_words(body, self._secrets())
        return Answer(response.status_code, response.headers, words)

    def _secrets(self) -> tuple[str, ...]:
        """What a server that repeats our request must not bring into our messages."""
        values = [value.get_secret_value() for value in self._config.headers.values()]
        header = self._credentials.header() or ""
        parts = [*values, *header.split(" ", 1), self._config.url.partition("?")[2]]
        return tuple(part for part in parts if len(part) > 6)
