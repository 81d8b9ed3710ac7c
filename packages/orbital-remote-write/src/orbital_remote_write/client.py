"""Posts write requests, and turns whatever comes of it into what the sender acts upon."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import requests
from urllib3.exceptions import HTTPError

from orbital_remote_write.answers import Answer, clean_words, judge
from orbital_remote_write.compression import SNAPPY
from orbital_remote_write.credentials import Credentials
from orbital_remote_write.faults import explain
from orbital_remote_write.session import check_tls, make_session, warn
from orbital_sdk import WriterMisconfigured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_remote_write.compression import Codec
    from orbital_remote_write.settings import RemoteWriteConfig

ANSWER: Final = 64 << 10
"""Bytes of an answer that are read; more end the connection."""
_log: Final = logging.getLogger("orbital.remote_write")


class Client:
    """One destination. Not for several threads at once.

    Args:
        config: Its settings.
        codecs: Compressions in order of preference. The first is used as long as the server reads it.

    Raises:
        ConfigurationError: A file of `tls` cannot be used.
    """

    def __init__(self, config: RemoteWriteConfig, codecs: Sequence[Codec] = (SNAPPY,)) -> None:
        self._codecs = list(codecs)
        self._proven = False
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
        size, answer = self._send(body, self._codecs[0])
        if len(self._codecs) > 1 and self._cannot_read(answer):
            size, answer = self._send_otherwise(body)
        error = judge(answer, self.address)
        if error is not None:
            raise error
        self._proven = True
        return size

    def close(self) -> None:
        """Close its connections."""
        self._session.close()

    def _cannot_read(self, answer: Answer) -> bool:
        """Whether this may be about the compression. A server that read it once means the samples."""
        if answer.status == 400:
            return not self._proven or "snappy" in answer.words
        return answer.status == 415

    def _send_otherwise(self, body: bytes) -> tuple[int, Answer]:
        """The same with the next codec, which stays if that was all that was wrong."""
        first, second, *rest = self._codecs
        size, answer = self._send(body, second)
        if answer.status < 300:
            self._codecs = [second, *rest]
            names = [codec.headers["Content-Encoding"] for codec in (first, second)]
            _log.info("%s takes no %s; %s from now on", self.address, *names)
        return size, answer

    def _send(self, body: bytes, codec: Codec) -> tuple[int, Answer]:
        compressed = codec.compress(body)
        return len(compressed), self._post(compressed, codec)

    def _post(self, compressed: bytes, codec: Codec) -> Answer:
        try:
            with self._session.post(
                self._config.url,
                data=compressed,
                headers=dict(codec.headers),
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
