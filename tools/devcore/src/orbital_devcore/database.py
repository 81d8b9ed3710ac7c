"""What the server remembers, in SQLite: one file, or memory."""

from __future__ import annotations

import json
import sqlite3
import threading
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

TABLES: Final = """
create table if not exists sentinels (
  sentinel_id text primary key, api_token text, name text, hostname text, ip_address text,
  version text, os text, arch text, region text, labels text, status text,
  last_heartbeat text, registered_at text, usage text);
create table if not exists devices (
  id integer primary key, device_id text unique, name text, device_type text, sentinel_id text,
  connection_config text, labels text, status text, last_seen integer,
  created_at text, updated_at text);
create table if not exists tasks (
  id integer primary key, task_id text unique, device_id text, sentinel_id text,
  plugin_name text, config text, interval_seconds integer, enabled integer, priority integer,
  retry_count integer, timeout_seconds integer, last_executed_at text, next_execution_at text,
  created_at text, updated_at text);
create table if not exists executions (
  id integer primary key, task_id text, sentinel_id text, status text,
  metrics_collected integer, error_message text, execution_time_ms integer, executed_at text);
create table if not exists samples (
  id integer primary key, sentinel_id text, device_id text, name text, type text, value real,
  timestamp integer, labels text);
create table if not exists neighbors (
  id integer primary key, device_id text, local_interface text, neighbor_chassis_id text,
  neighbor_port_id text, neighbor text, last_seen text,
  unique (device_id, local_interface, neighbor_chassis_id, neighbor_port_id));
create index if not exists tasks_by_sentinel on tasks (sentinel_id, enabled);
"""
JSON_COLUMNS: Final = ("labels", "connection_config", "config", "usage", "neighbor")


class Database:
    """Rows as dicts; JSON columns are read and written as objects. One connection, one lock.

    Args:
        path: None keeps all in memory.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._connection = sqlite3.connect(path or ":memory:", check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript("pragma journal_mode=wal; pragma synchronous=off;" + TABLES)
        self._lock = threading.RLock()

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        with self._lock:
            return [_object(row) for row in self._connection.execute(query, values)]

    def row(self, query: str, *values: Any) -> dict[str, Any] | None:
        return next(iter(self.rows(query, *values)), None)

    def run(self, query: str, *values: Any) -> int:
        """Change something; gives how many rows changed."""
        with self._lock, self._connection:
            return self._connection.execute(query, [_column(v) for v in values]).rowcount

    def run_many(self, query: str, values: Iterable[Sequence[Any]]) -> None:
        with self._lock, self._connection:
            self._connection.executemany(query, values)

    def insert(self, table: str, **columns: Any) -> None:
        names = ", ".join(columns)
        marks = ", ".join("?" * len(columns))
        self.run(f"insert into {table} ({names}) values ({marks})", *columns.values())  # noqa: S608 (names are ours)

    def update(self, table: str, key: str, value: str, **columns: Any) -> int:
        names = ", ".join(f"{name} = ?" for name in columns)
        query = f"update {table} set {names} where {key} = ?"  # noqa: S608 (names are ours)
        return self.run(query, *columns.values(), value)

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def _column(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (dict, list)) else value


def _object(row: sqlite3.Row) -> dict[str, Any]:
    found = dict(row)
    for name in JSON_COLUMNS:
        if isinstance(found.get(name), str):
            found[name] = json.loads(found[name])
    return found
