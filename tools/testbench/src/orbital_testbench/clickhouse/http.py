"""ClickHouse's HTTP interface, as far as clients of ours use it (clickhouse.com/docs, "HTTP Interface")."""

from __future__ import annotations

import base64
import gzip
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

import cramjam

from orbital_testbench.clickhouse.engine import AUTHENTICATION_FAILED, Engine, EngineError
from orbital_testbench.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable

_STATUS: Final = {
    AUTHENTICATION_FAILED: 403,
    497: 403,
    60: 404,
    81: 404,
    115: 404,
    62: 400,
    6: 400,
    159: 408,
}
"""Exception code -> status, where it is not 500."""
_NO_SETTINGS: Final = frozenset(
    {
        "query", "database", "user", "password", "default_format", "query_id", "session_id", "compress",
        "decompress", "wait_end_of_query", "client_protocol_version", "quota_key", "role",
        "send_progress_in_http_headers", "http_headers_progress_interval_ms", "enable_http_compression",
    }
)  # fmt: skip
"""Parameters of the interface itself; every other one is a setting of the statement."""
_UNPACK: Final[dict[str, Callable[[bytes], Any]]] = {
    "": bytes,
    "gzip": gzip.decompress,
    "zstd": cramjam.zstd.decompress,
    "lz4": cramjam.lz4.decompress,
}
_INSERT: Final = re.compile(rb"\s*INSERT\b.*?\bFORMAT\s+\w+\s*?\n", re.IGNORECASE | re.DOTALL)


def http_server(engine: Engine, port: int) -> ThreadingHTTPServer:
    """A server for this engine, not yet serving."""

    class Handler(_Handler):
        pass

    Handler.engine = engine
    server = ThreadingHTTPServer((LOOPBACK, port), Handler)
    server.daemon_threads = True
    return server


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    engine: Engine

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base's name)
        pass

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/ping":
            self._answer(200, b"Ok.\n")
        else:
            self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self._body()
        try:
            found = self._statement(body)
        except EngineError as error:
            headers = {"X-ClickHouse-Exception-Code": str(error.code)}
            self._answer(_STATUS.get(error.code, 500), str(error).encode() + b"\n", headers)
        else:
            self._answer(200, found)

    def _statement(self, body: bytes) -> bytes:
        given = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        user, password = self._login(given)
        read_only = self.engine.authenticate(user, password)
        sql, data = _split(given.get("query", ""), body)
        return self.engine.query(
            sql,
            database=given.get("database") or "default",
            settings={
                k: v
                for k, v in given.items()
                if k not in _NO_SETTINGS and not k.startswith("param_")
            },
            read_only=read_only or self.command == "GET",
            data=data,
            form=given.get("default_format", "TabSeparated"),
        )

    def _login(self, given: dict[str, str]) -> tuple[str, str]:
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            user, _, password = base64.b64decode(value).decode().partition(":")
            return user, password
        user = self._header("X-ClickHouse-User") or given.get("user") or "default"
        return user, self._header("X-ClickHouse-Key") or given.get("password") or ""

    def _header(self, name: str) -> str:
        """ClickHouse reads headers as UTF-8; Python's server as Latin-1."""
        return self.headers.get(name, "").encode("latin-1").decode(errors="replace")

    def _body(self) -> bytes:
        raw = bytearray()
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                raw += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            raw += self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return bytes(_UNPACK[self.headers.get("Content-Encoding", "")](bytes(raw)))

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        common = {"X-ClickHouse-Server-Display-Name": "bench", "X-ClickHouse-Timezone": "UTC"}
        for name, value in {**common, **(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _split(query: str, body: bytes) -> tuple[str, bytes]:
    """Statement and data: the statement stands in the address, in the body, or begins there."""
    if query:
        inserts = query.lstrip()[:6].upper() == "INSERT"
        return (query, body) if inserts or not body else (f"{query}\n{body.decode()}", b"")
    head = _INSERT.match(body)
    return (head[0].decode(), body[head.end() :]) if head else (body.decode(), b"")
