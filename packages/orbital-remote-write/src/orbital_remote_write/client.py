"""Posts write requests, and turns whatever comes of it into what the sender acts upon."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from orbital_remote_write.answers import Answer, clean_words, judge
from orbital_remote_write.compression import SNAPPY
from orbital_remote_write.credentials import Credentials
from orbital_remote_write.exchange import exchange
from orbital_remote_write.session import check_tls, make_session, warn
from orbital_remote_write.settings import is_loopback
from orbital_sdk import Written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_remote_write.compression import Codec
    from orbital_remote_write.settings import RemoteWriteConfig
    from orbital_sdk import WriteAnswer

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
        plain = config.url.startswith("http:") and not is_loopback(config.url)
        warn(
            config.address,
            insecure=config.tls.insecure_skip_verify,
            bare=plain and config.has_credentials,
        )

    def post(self, body: bytes) -> WriteAnswer:
        """Deliver one write request.

        Raises:
            WriterUnavailable, WriterMisconfigured
        """
        size, answer = self._send(body, self._codecs[0])
        if len(self._codecs) > 1 and self._cannot_read(answer):
            size, answer = self._send_otherwise(body)
        judged = judge(answer, self.address, size)
        self._proven |= isinstance(judged, Written)
        return judged

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
        reply = exchange(
            self._session,
            self._config.url,
            compressed,
            address=self.address,
            reach=self._config,
            headers=codec.headers,
        )
        if 200 <= reply.status < 300:
            return Answer(reply.status, reply.headers)
        return Answer(reply.status, reply.headers, clean_words(reply.body))
