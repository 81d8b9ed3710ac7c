"""ClickHouse: whole columns by insert, each under a token that tells a second attempt from new samples."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar

from orbital_http import SecretFile, stays_here, warn, write_errors
from orbital_sdk import Writer, WriterMisconfigured, WriterUnavailable
from orbital_writer_clickhouse.http import HttpConnection
from orbital_writer_clickhouse.native import NativeConnection
from orbital_writer_clickhouse.refusals import InsertRefused
from orbital_writer_clickhouse.server import Server
from orbital_writer_clickhouse.settings import ClickHouseConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orbital_sdk import Attempt, Batch, PluginHost, WriteAnswer

T = TypeVar("T")
_log: Final = logging.getLogger("orbital.clickhouse")


class ClickHouse(Writer[ClickHouseConfig]):
    """ClickHouse, over HTTP or the native protocol, into one of three schemas."""

    name: ClassVar[str] = "clickhouse"
    summary: ClassVar[str] = "ClickHouse, columnar inserts over HTTP or the native protocol"
    takes_old_samples: ClassVar[bool] = True

    def __init__(self, config: ClickHouseConfig) -> None:
        super().__init__(config)
        self._place = config.place
        self._host = 0
        self._server: Server | None = None
        self._said: set[str] = set()
        self._started = False
        self._file = (
            SecretFile(config.password_file, "password_file") if config.password_file else None
        )

    @property
    def address(self) -> str:
        return self._place.address(self._host)

    async def start(self, host: PluginHost) -> None:
        """Raises ConfigurationError where a file of `tls` cannot be used."""
        tls = self.config.effective_tls
        tls.check_files()
        known = self._file or self.config.password or self._place.password
        warn(
            _log,
            self.address,
            insecure=tls.insecure_skip_verify,
            bare=bool(known) and not self._place.secure and not stays_here(self.address),
        )
        self._started = True

    async def stop(self) -> None:
        self._started = False
        self._disconnect()

    def write(self, batches: Sequence[Batch], attempt: Attempt) -> WriteAnswer:
        """One insert a table. Connects, creates and checks tables where that was not done yet."""
        try:
            return self._asked(lambda server: server.write(batches, attempt))
        except InsertRefused as refusal:
            return refusal.answer

    def test_connection(self) -> str:
        """The tables, and an insert of no rows into each that is there. Creates none."""
        try:
            return self._asked(lambda server: server.test())
        except InsertRefused as refusal:
            raise WriterMisconfigured(str(refusal)) from refusal

    def _asked(self, ask: Callable[[Server], T]) -> T:
        if not self._started:
            raise RuntimeError(f"{self.name}: write() without start()")
        server = self._server = self._server or self._connect()
        try:
            return ask(server)
        except WriterMisconfigured:
            server.forget()  # whoever puts it right may have changed the table
            raise
        except WriterUnavailable:
            if len(self._place.hosts) > 1:
                self._disconnect()
                self._host = (self._host + 1) % len(self._place.hosts)
            raise

    def _connect(self) -> Server:
        kind = HttpConnection if self._place.protocol == "http" else NativeConnection
        connection = kind(self.config, self._host, self._password)
        return Server(connection, self.config, self._said)

    def _disconnect(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def _password(self) -> str:
        if self._file is not None:
            with write_errors():
                return self._file.read()
        if self.config.password is not None:
            return self.config.password.get_secret_value()
        return self._place.password
