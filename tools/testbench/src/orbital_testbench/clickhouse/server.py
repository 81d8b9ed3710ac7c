"""The server as tests see it: this bench's own, or a full one that somebody else runs."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import sys
import uuid
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlsplit, urlunsplit

import requests

from orbital_testbench.clickhouse.engine import USERS
from orbital_testbench.ports import LOOPBACK, free_port
from orbital_testbench.programs import MissingProgramError
from orbital_testbench.server import Server

if TYPE_CHECKING:
    from pathlib import Path


class StatementError(RuntimeError):
    """ClickHouse refused a statement of a test."""


class _Asked(ABC):
    """What tests ask, over HTTP."""

    http: requests.Session

    @property
    @abstractmethod
    def dsn(self) -> str:
        """`http://user:password@host:port/database`."""

    @property
    @abstractmethod
    def native_dsn(self) -> str:
        """`tcp://host:port/database`; empty where it is not known."""

    def query(self, sql: str, data: bytes = b"") -> list[list[Any]]:
        """The rows of a statement's answer, its statement with a data part where it inserts."""
        parts = urlsplit(self.dsn)
        host = parts.netloc.rpartition("@")[2]
        answer = self.http.post(
            f"{parts.scheme}://{host}/",
            params={
                "query": sql,
                "database": parts.path.strip("/") or "default",
                "default_format": "JSONCompact",
                "output_format_json_quote_denormals": "1",
                "output_format_json_quote_64bit_integers": "0",
            },
            headers={
                "X-ClickHouse-User": parts.username or "default",
                "X-ClickHouse-Key": parts.password or "",
            },
            data=data,
            timeout=60,
        )
        if not answer.ok:
            raise StatementError(answer.text)
        return json.loads(answer.text)["data"] if answer.text.strip() else []

    def one(self, sql: str) -> Any:
        """The only value of an answer."""
        ((value,),) = self.query(sql)
        return value

    def dsn_as(self, user: str, password: str) -> str:
        """The same place for another user."""
        parts = urlsplit(self.dsn)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{quote(user)}:{quote(password)}@{host}"))

    def new_database(self) -> str:
        """A database of the test's own."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self.query(f"CREATE DATABASE {name}")
        return name

    def in_database(self, name: str, *, native: bool = False) -> str:
        """The DSN of another database, of HTTP or of the native protocol."""
        dsn = self.native_dsn if native else self.dsn
        return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))

    @property
    def reader_dsn(self) -> str:
        """The DSN of a user that may only read."""
        return self.dsn_as("reader", USERS["reader"][0])


class ClickHouse(_Asked, Server):
    """The engine of chdb-core behind HTTP and the native protocol, in one process."""

    program: ClassVar[str] = "clickhouse"
    package: ClassVar[str] = "chdb-core (uv sync --all-packages brings it; there is none for musl)"
    health_path: ClassVar[str] = "/ping"

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        super().__init__(folder, port=port)
        self.native_port = free_port()

    @property
    def dsn(self) -> str:
        return f"http://default@{self.host}:{self.port}/default"

    @property
    def native_dsn(self) -> str:
        return f"tcp://default@{LOOPBACK}:{self.native_port}/default"

    def command(self) -> list[str]:
        if importlib.util.find_spec("chdb") is None:
            raise MissingProgramError(self.program, self.package)
        return [sys.executable, "-m", "orbital_testbench.clickhouse", *self.arguments()]

    def arguments(self) -> list[str]:
        return [str(self.folder), str(self.port), str(self.native_port)]


class FullServer(_Asked):
    """A server that is there already (`CLICKHOUSE_DSN`, and `CLICKHOUSE_NATIVE_DSN` for its other port)."""

    def __init__(self, dsn: str, native_dsn: str = "") -> None:
        self._dsn = dsn
        self._native_dsn = native_dsn
        self.http = requests.Session()
        self.http.trust_env = False

    @property
    def dsn(self) -> str:
        return self._dsn

    @property
    def native_dsn(self) -> str:
        return self._native_dsn

    def prepare_users(self) -> None:
        """Create those that the bench's own server has, as far as one may."""
        for name, (password, read_only) in USERS.items():
            if name != "default":
                readonly = " SETTINGS readonly = 1" if read_only else ""
                with contextlib.suppress(StatementError):
                    self.query(
                        f"CREATE USER IF NOT EXISTS {name} IDENTIFIED BY '{password}'{readonly}"
                    )
                    self.query(f"GRANT {'SELECT' if read_only else 'ALL'} ON *.* TO {name}")

    def close(self) -> None:
        """Forget it."""
        self.http.close()
