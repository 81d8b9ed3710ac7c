"""Posts write requests, and turns whatever comes of it into what the sender acts upon."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from orbital_http import Credentials, HttpClient, stays_here, warn, write_errors
from orbital_remote_write.answers import judge, words_of
from orbital_remote_write.compression import SNAPPY
from orbital_sdk import Written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_http import Reply
    from orbital_remote_write.compression import Codec
    from orbital_remote_write.settings import RemoteWriteConfig
    from orbital_sdk import WriteAnswer

HEADERS: Final = {"Content-Type": "application/x-protobuf"}
"""Of every request; a codec brings its own beside them."""
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
        self._url = config.url
        config.tls.check_files()
        self._http = _http(config)
        plain = config.url.startswith("http:") and not stays_here(config.url)
        warn(
            _log,
            config.address,
            insecure=config.tls.insecure_skip_verify,
            bare=plain and config.has_credentials,
        )

    def post(self, body: bytes) -> WriteAnswer:
        """Deliver one write request.

        Raises:
            WriterUnavailable, WriterMisconfigured
        """
        size, reply = self._send(body, self._codecs[0])
        if len(self._codecs) > 1 and self._cannot_read(reply):
            size, reply = self._send_otherwise(body)
        judged = judge(reply, self.address, size)
        self._proven |= isinstance(judged, Written)
        return judged

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def _cannot_read(self, reply: Reply) -> bool:
        """Whether this may be about the compression. A server that read it once means the samples."""
        if reply.status == 400:
            return not self._proven or "snappy" in words_of(reply)
        return reply.status == 415

    def _send_otherwise(self, body: bytes) -> tuple[int, Reply]:
        """The same with the next codec, which stays if that was all that was wrong."""
        first, second, *rest = self._codecs
        size, reply = self._send(body, second)
        if reply.status < 300:
            self._codecs = [second, *rest]
            names = [codec.headers["Content-Encoding"] for codec in (first, second)]
            _log.info("%s takes no %s; %s from now on", self.address, *names)
        return size, reply

    def _send(self, body: bytes, codec: Codec) -> tuple[int, Reply]:
        compressed = codec.compress(body)
        with write_errors():
            return len(compressed), self._http.post(self._url, compressed, headers=codec.headers)


def _http(config: RemoteWriteConfig) -> HttpClient:
    headers = {name: value.get_secret_value() for name, value in config.headers.items()}
    if config.tenant:
        headers["X-Scope-OrgID"] = config.tenant
    return HttpClient(
        config.address,
        timeout=config.timeout,
        connect_timeout=config.connect_timeout,
        tls=config.tls,
        proxy_url=config.proxy_url,
        proxy_from_environment=config.proxy_from_environment,
        headers=headers | HEADERS,
        auth=Credentials(config.basic_auth, config.bearer_token, config.bearer_token_file),
    )
