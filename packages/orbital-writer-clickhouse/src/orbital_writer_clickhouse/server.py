"""A server with the tables that samples go to: found, created where they are missing, and checked."""

from __future__ import annotations

import logging
import math
import time
from typing import TYPE_CHECKING, Final

from orbital_sdk import WriterMisconfigured, Written
from orbital_sdk.screening import screen
from orbital_writer_clickhouse.block import Blocks
from orbital_writer_clickhouse.schema import ServerColumn, create, definitions, fit, tables, ttl
from orbital_writer_clickhouse.schema.ddl import identifier, literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_sdk import Attempt, Batch, WriteAnswer
    from orbital_writer_clickhouse.columns import Table
    from orbital_writer_clickhouse.connection import Connection
    from orbital_writer_clickhouse.schema import Definition
    from orbital_writer_clickhouse.settings import ClickHouseConfig

_log: Final = logging.getLogger("orbital.clickhouse")
_COLUMNS: Final = (
    "SELECT name, type, default_kind FROM system.columns"
    " WHERE database = currentDatabase() AND table = {}"
)
_ENGINE: Final = (
    "SELECT engine, engine_full FROM system.tables WHERE database = currentDatabase() AND name = {}"
)
DAY: Final = 86_400_000
_COMPUTED: Final = frozenset({"MATERIALIZED", "ALIAS", "EPHEMERAL"})


class Server:
    """One connection and its checked tables.

    Args:
        connection: To the server.
        config: The output's settings.
        said: What was said before about tables of this output; nothing is said twice.
    """

    def __init__(self, connection: Connection, config: ClickHouseConfig, said: set[str]) -> None:
        self._connection = connection
        self._config = config
        self._said = said
        self._blocks: list[Blocks] = []
        self._keeps = math.inf

    def write(self, batches: Sequence[Batch], attempt: Attempt) -> WriteAnswer:
        """Store them. Raises what `Writer.write` raises, and `InsertRefused`."""
        if not self._blocks:
            self._blocks = self._prepared()
        earliest = time.time() * 1000 - self._keeps
        if any(_begins(batch) < earliest for batch in batches):
            screened = screen(batches, lambda batch: self._expired(batch, earliest))
            return screened.send(lambda rest: self._insert(rest, attempt))
        return self._insert(batches, attempt)

    def forget(self) -> None:
        """Look at the tables again before the next insert."""
        self._blocks = []

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _insert(self, batches: Sequence[Batch], attempt: Attempt) -> Written:
        settings = self._settings(attempt)
        sent = [self._connection.insert(blocks, batches, settings) for blocks in self._blocks]
        return Written(sum(sent))

    def _expired(self, batch: Batch, earliest: float) -> dict[int, str]:
        """Rows that the table's TTL would remove as soon as they are stored."""
        reason = f"older than the {self._keeps / DAY:g} days that the table keeps (its TTL)"
        return {row: reason for row, (_, ts, _) in enumerate(batch.items()) if ts < earliest}

    def _settings(self, attempt: Attempt) -> dict[str, str]:
        config = self._config
        chosen = dict(config.place.settings)
        if config.async_insert:
            chosen |= {
                "async_insert": "1",
                "wait_for_async_insert": "1",
                "async_insert_deduplicate": "1",
            }
        chosen |= {name: _setting(value) for name, value in config.settings.items()}
        if attempt.token:
            chosen["insert_deduplication_token"] = attempt.token
        return chosen

    def test(self) -> str:
        """Say what would take samples. Raises as `write` does."""
        missing: list[str] = []
        for table in self._tables():
            columns = self._columns(table)
            if columns:
                self._connection.touch(self._fitting(table, columns))
            elif self._creatable(table):
                missing.append(table.name)
            else:
                raise self._absent(table)
        names = " and ".join(table.name for table in self._tables())
        made = f"; {' and '.join(missing)} will be created" if missing else ""
        return f"{self._config.place.address()} takes inserts into {names}{made}"

    def _prepared(self) -> list[Blocks]:
        self._keeps = math.inf
        return [
            self._fitting(table, self._columns(table) or self._created(table))
            for table in self._tables()
        ]

    def _tables(self) -> Sequence[Table]:
        config = self._config
        return tables(config.schema_, config.table_name, config.columns, config.origin_labels)

    def _fitting(self, table: Table, columns: Sequence[ServerColumn]) -> Blocks:
        fitting = fit(table, columns, exact=self._connection.in_python)
        self._look_at_engine(table)
        self._hint_at_columns(table, fitting)
        return Blocks(fitting, in_python=self._connection.in_python)

    def _created(self, table: Table) -> Sequence[ServerColumn]:
        if self._creatable(table):
            definition = self._definitions()[table.name]
            self._connection.query(create(definition, self._config.options))
        if columns := self._columns(table):
            return columns
        raise self._absent(table)

    def _definitions(self) -> dict[str, Definition]:
        config = self._config
        return {each.table: each for each in definitions(config.schema_, config.table_name)}

    def _creatable(self, table: Table) -> bool:
        return self._config.create and table.name in self._definitions()

    def _absent(self, table: Table) -> WriterMisconfigured:
        known = table.name in self._definitions()
        how = " (`sentinel clickhouse schema` prints it)" if known else ""
        return WriterMisconfigured(
            f"{self._config.place.address()}: there is no table {table.name}; create it{how},"
            " or look at table"
        )

    def _columns(self, table: Table) -> list[ServerColumn]:
        rows = self._connection.query(_COLUMNS.format(literal(table.name)))
        return [
            ServerColumn(name, type_, kind if kind in _COMPUTED else "")
            for name, type_, kind in rows
        ]

    def _look_at_engine(self, table: Table) -> None:
        """Learn its TTL. Say once what would be better about a table that somebody else created."""
        rows = self._connection.query(_ENGINE.format(literal(table.name)))
        engine, full = rows[0] if rows else ("", "")
        self._keeps = min(self._keeps, ttl(full))
        plain = engine.endswith("MergeTree") and not engine.startswith(("Replicated", "Shared"))
        if plain and "non_replicated_deduplication_window" not in full:
            window = self._config.deduplication_window or 10_000
            self._log(
                f"table {table.name} does not recognize inserts that are sent twice; ALTER TABLE"
                f" {identifier(table.name)} MODIFY SETTING non_replicated_deduplication_window = {window}"
            )

    def _hint_at_columns(self, table: Table, fitting: Table) -> None:
        names = [column.name for column in fitting.columns]
        for column in table.columns:
            if column.name not in names:
                self._log(
                    f"table {table.name} has no {column.name}, so it is left out; ALTER TABLE"
                    f" {identifier(table.name)} ADD COLUMN {identifier(column.name)}"
                    " LowCardinality(String)"
                )

    def _log(self, message: str) -> None:
        if message not in self._said:
            self._said.add(message)
            _log.warning("%s: %s", self._config.place.address(), message)


def _setting(value: str | float) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _begins(batch: Batch) -> int:
    return min(batch.times or (batch.ts,))
