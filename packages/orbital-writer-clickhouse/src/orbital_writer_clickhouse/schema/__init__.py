"""The tables that samples go to: which columns, how they are created, and whether one that is there fits."""

from orbital_writer_clickhouse.schema.check import ServerColumn, fit, ttl
from orbital_writer_clickhouse.schema.choice import definitions, tables
from orbital_writer_clickhouse.schema.ddl import Definition, Options, create

__all__ = ["Definition", "Options", "ServerColumn", "create", "definitions", "fit", "tables", "ttl"]
