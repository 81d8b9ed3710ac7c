"""The native protocol, by clickhouse-driver."""

from __future__ import annotations

import logging
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from orbital_http import Destination
from orbital_sdk import ConfigurationError, WriterMisconfigured
from orbital_sdk.secrecy import scrub
from orbital_writer_clickhouse.faults import unreachable
from orbital_writer_clickhouse.refusals import refused
from orbital_writer_clickhouse.schema.ddl import identifier
from orbital_writer_clickhouse.settings import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orbital_http import Tls
    from orbital_sdk import Batch
    from orbital_writer_clickhouse.block import Blocks
    from orbital_writer_clickhouse.settings import ClickHouseConfig

_NEEDS: Final = {"lz4": ("lz4", "clickhouse_cityhash"), "zstd": ("zstd", "clickhouse_cityhash")}
_log: Final = logging.getLogger("orbital.clickhouse")


def _driver() -> Any:
    """clickhouse-driver, which has no types, is slow to import, and is not needed over HTTP."""
    logging.getLogger("clickhouse_driver").setLevel(logging.CRITICAL)  # else a traceback an attempt
    return import_module("clickhouse_driver")


class NativeConnection:
    """One host's native protocol. Connects with the first statement.

    Args:
        config: The output's settings.
        host: Which of the hosts.
        password: Asked for when the connection is made.
    """

    in_python = True

    def __init__(self, config: ClickHouseConfig, host: int, password: Callable[[], str]) -> None:
        self._config = config
        self._address = config.place.address(host)
        self._host = host
        self._password = password
        self._idle: Any = None
        """A connection that waits for the next call."""

    def query(self, sql: str) -> Sequence[Sequence[str]]:
        rows = self._run(lambda client: client.execute(sql))
        return [[str(value) for value in row] for row in rows or ()]

    def insert(self, blocks: Blocks, batches: Sequence[Batch], settings: Mapping[str, str]) -> int:
        columns = blocks.lists(batches)
        if not columns:
            return 0
        self._insert(blocks, columns, settings)
        return sum(8 * len(batch) for batch in batches)  # the driver does not say what went out

    def touch(self, blocks: Blocks) -> None:
        self._insert(blocks, [], {})

    def _insert(self, blocks: Blocks, columns: Sequence[Any], settings: Mapping[str, str]) -> None:
        names = ", ".join(identifier(column.name) for column in blocks.table.columns)
        statement = f"INSERT INTO {identifier(blocks.table.name)} ({names}) VALUES"
        self._run(
            lambda client: client.execute(
                statement, columns, columnar=True, settings=dict(settings)
            )
        )

    def close(self) -> None:
        _disconnect(self._idle)
        self._idle = None

    def _run(self, call: Callable[[Any], Any]) -> Any:
        """Make a call with a connection that nobody else has: one that was given up may still run."""
        errors = _driver().errors
        (client, self._idle), connected = (self._idle, None), False
        try:
            client = client or self._open()
            if not client.connection.connected:
                client.connection.connect()
            connected = True
            answer = call(client)
        except errors.ServerException as error:
            problem = refused(error.code, scrub(error.message), self._address)
            if isinstance(problem, WriterMisconfigured):
                _disconnect(client)  # to come back with what was put right
            else:
                self._keep(client)
            raise problem from None  # an answer of the destination, and no failure on the way
        except (errors.Error, OSError, EOFError) as error:
            _disconnect(client)
            to = Destination(self._address, NAMES, self._config.tls.cert_file is not None)
            raise unreachable(error, to, sent=connected) from error
        except BaseException:
            _disconnect(client)  # in the middle of a statement, and of no use any more
            raise
        self._keep(client)
        return answer

    def _keep(self, client: Any) -> None:
        """For the next call."""
        before, self._idle = self._idle, client
        _disconnect(before)

    def _open(self) -> Any:
        config, place = self._config, self._config.place
        host, port = place.hosts[self._host]
        tls = self._usable_tls()
        return _driver().Client(
            host=host,
            port=port,
            database=place.database,
            user=config.username or place.username,
            password=self._password(),
            client_name="orbital-sentinel",
            secure=place.secure,
            verify=not tls.insecure_skip_verify,
            ca_certs=str(tls.ca_file) if tls.ca_file else None,
            certfile=str(tls.cert_file) if tls.cert_file else None,
            keyfile=str(tls.key_file) if tls.key_file else None,
            server_hostname=tls.server_name,
            compression=self._compression(),
            connect_timeout=config.connect_timeout,
            send_receive_timeout=config.timeout,
            sync_request_timeout=config.connect_timeout,
        )

    def _usable_tls(self) -> Tls:
        """The driver would call a file that is gone an outage."""
        tls = self._config.effective_tls
        try:
            tls.check_files()
        except ConfigurationError as error:
            raise WriterMisconfigured(f"{self._address}: {error}") from error
        return tls

    def _compression(self) -> str | bool:
        wanted = self._config.encoding
        missing = [name for name in _NEEDS.get(wanted, ()) if find_spec(name) is None]
        if missing:
            _log.warning(
                "%s: inserts go uncompressed, without %s (pip install 'clickhouse-driver[%s]')",
                self._address, " and ".join(missing), wanted,
            )  # fmt: skip
        return wanted if wanted != "none" and not missing else False


def _disconnect(client: Any) -> None:
    if client is not None:
        client.disconnect()
