"""HTTP: columns in FORMAT Native, joined from cached bytes (clickhouse.com/docs, "HTTP Interface")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import cramjam
import msgspec
from requests.auth import AuthBase

from orbital_remote_write.answers import Answer, clean_words
from orbital_remote_write.exchange import exchange
from orbital_remote_write.session import reaching
from orbital_sdk import Refusal, WriteError, WriterMisconfigured, WriterUnavailable
from orbital_sdk.secrecy import scrub
from orbital_sdk.waiting import retry_after
from orbital_writer_clickhouse.refusals import InsertRefused, refused
from orbital_writer_clickhouse.schema.ddl import identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orbital_remote_write.exchange import Reply
    from orbital_sdk import Batch
    from orbital_writer_clickhouse.block import Blocks
    from orbital_writer_clickhouse.dsn import Compression
    from orbital_writer_clickhouse.settings import ClickHouseConfig

ROWS: Final = 4 << 20
"""Bytes of an answer with rows: a table of 100,000 columns has room."""
_PACK: Final[Mapping[Compression, Callable[[bytes], bytes]]] = {
    "zstd": lambda data: bytes(cramjam.zstd.compress(data, 1)),
    "lz4": lambda data: bytes(cramjam.lz4.compress(data)),
}
_PROXY: Final = {
    401: "it wants user and password", 403: "look at user and password",
    407: "put the proxy's user and password into proxy_url",
}  # fmt: skip


class _Nobody(AuthBase):
    """Keeps `.netrc` out: who we are is said in headers."""

    def __call__(self, r: Any) -> Any:
        return r


class HttpConnection:
    """One host's HTTP interface.

    Args:
        config: The output's settings.
        host: Which of the hosts.
        password: Asked for before each request, so that a new password needs no restart.
    """

    in_python = False

    def __init__(self, config: ClickHouseConfig, host: int, password: Callable[[], str]) -> None:
        self._config = config
        self._place = place = config.place
        self._password = password
        name, port = place.hosts[host]
        shown = f"[{name}]" if ":" in name else name
        self._url = f"http{'s' if place.secure else ''}://{shown}:{port}{place.path}/"
        self._address = place.address(host)
        self._session = reaching(config)
        self._session.auth = _Nobody()
        self._session.headers["User-Agent"] = "orbital-sentinel"
        if place.skip_verify:
            self._session.verify = False

    def query(self, sql: str) -> Sequence[Sequence[str]]:
        reply = self._post(sql.encode(), {"default_format": "JSONCompact"})
        if not reply.body.strip():
            return []
        try:
            found = msgspec.json.decode(reply.body)
            return [[str(value) for value in row] for row in found["data"]]
        except (msgspec.DecodeError, TypeError, KeyError) as error:
            raise WriterMisconfigured(
                f"{self._address}: what answers there is no ClickHouse; look at dsn"
            ) from error

    def insert(self, blocks: Blocks, batches: Sequence[Batch], settings: Mapping[str, str]) -> int:
        data, rows = blocks.native(batches)
        if not rows:
            return 0
        encoding = self._config.encoding
        headers: dict[str, str] = {}
        if encoding != "none":
            data = _PACK[encoding](data)
            headers["Content-Encoding"] = encoding
        self._post(data, {"query": _statement(blocks), **settings}, headers)
        return len(data)

    def touch(self, blocks: Blocks) -> None:
        self._post(blocks.empty(), {"query": _statement(blocks)})

    def close(self) -> None:
        self._session.close()

    def _post(
        self, data: bytes, params: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Reply:
        password = self._password()
        user = self._config.username or self._place.username
        login = {"X-ClickHouse-User": user.encode(), "X-ClickHouse-Key": password.encode()}
        reply = exchange(
            self._session,
            self._url,
            data,
            address=self._address,
            reach=self._config,
            key="dsn",
            headers={**login, **(headers or {})},
            params={"database": self._place.database, **params},
            limit=ROWS,
        )
        if reply.status != 200 or "X-ClickHouse-Exception-Code" in reply.headers:
            raise self._error(reply)
        return reply

    def _error(self, reply: Reply) -> WriteError | InsertRefused:
        code = reply.headers.get("X-ClickHouse-Exception-Code", "")
        if code.isdigit():
            return refused(int(code), scrub(reply.body.decode(errors="replace")), self._address)
        answer = Answer(reply.status, reply.headers, clean_words(reply.body))
        said = f": {answer.words}" if answer.words else ""
        heading = f"{self._address} answered {answer.status}{said}"
        if answer.status == 413:
            return InsertRefused(heading, Refusal.TOO_LARGE)
        if answer.status in {408, 425, 429} or answer.status >= 500:
            wait = retry_after(answer.headers.get("Retry-After", ""))
            return WriterUnavailable(heading, retry_after=wait)
        advice = _PROXY.get(answer.status, "what answers there is no ClickHouse; look at dsn")
        return WriterMisconfigured(f"{heading} ({advice})")


def _statement(blocks: Blocks) -> str:
    names = ", ".join(identifier(column.name) for column in blocks.table.columns)
    return f"INSERT INTO {identifier(blocks.table.name)} ({names}) FORMAT Native"
