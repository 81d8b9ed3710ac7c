"""Deliver samples to ClickHouse: columnar inserts, over HTTP or the native protocol."""

from orbital_writer_clickhouse.settings import ClickHouseConfig
from orbital_writer_clickhouse.writer import ClickHouse

__all__ = ["ClickHouse", "ClickHouseConfig"]
