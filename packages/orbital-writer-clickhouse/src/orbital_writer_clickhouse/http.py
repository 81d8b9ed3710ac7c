"""HTTP: columns in FORMAT Native, joined from cached bytes (clickhouse.com/docs, "HTTP Interface")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cramjam
import msgspec

from orbital_http import HttpClient, one_line, write_errors
from orbital_sdk import Refusal, WriteError, WriterMisconfigured, WriterUnavailable
from orbital_writer_clickhouse.refusals import InsertRefused, refused
from orbital_writer_clickhouse.schema.ddl import identifier
from orbital_writer_clickhouse.settings import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orbital_http import Reply
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
        self._http = HttpClient(
            self._address,
            timeout=config.timeout,
            connect_timeout=config.connect_timeout,
            tls=config.effective_tls,
            proxy_url=config.proxy_url,
            proxy_from_environment=config.proxy_from_environment,
            names=NAMES,
        )

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
        self._http.close()

    def _post(
        self, data: bytes, params: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Reply:
        password = self._password()
        user = self._config.username or self._place.username
        login = {"X-ClickHouse-User": user.encode(), "X-ClickHouse-Key": password.encode()}
        with write_errors():
            reply = self._http.post(
                self._url,
                data,
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
            return refused(int(code), reply.text, self._address)
        words = one_line(reply.text)
        heading = f"{self._address} answered {reply.status}{f': {words}' if words else ''}"
        if reply.status == 413:
            return InsertRefused(heading, Refusal.TOO_LARGE)
        if reply.is_temporary:
            return WriterUnavailable(heading, retry_after=reply.retry_after)
        advice = _PROXY.get(reply.status, "what answers there is no ClickHouse; look at dsn")
        return WriterMisconfigured(f"{heading} ({advice})")


def _statement(blocks: Blocks) -> str:
    names = ", ".join(identifier(column.name) for column in blocks.table.columns)
    return f"INSERT INTO {identifier(blocks.table.name)} ({names}) FORMAT Native"
