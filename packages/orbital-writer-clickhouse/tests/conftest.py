"""Shared by the tests of this package: one real engine, a database for each test, both protocols."""

import time
from urllib.parse import urlsplit, urlunsplit

import pytest

from orbital_sdk.testing import FakeHost, Writes
from orbital_testbench import Relay
from orbital_writer_clickhouse import ClickHouse, ClickHouseConfig
from orbital_writer_clickhouse.dsn import parse_dsn


class Database:
    """A database of the test's own."""

    def __init__(self, server, name: str, *, native: bool) -> None:
        self.server, self.name, self.native = server, name, native

    @property
    def dsn(self) -> str:
        return self.server.in_database(self.name, native=self.native)

    @property
    def nobodys_dsn(self) -> str:
        """The DSN without a user."""
        parts = urlsplit(self.dsn)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

    def query(self, sql: str) -> list[list]:
        """Rows; `{db}` is the database."""
        return self.server.query(sql.replace("{db}", self.name))

    def one(self, sql: str):
        return self.server.one(sql.replace("{db}", self.name))

    def relay(self) -> Relay:
        """A relay before it."""
        ((host, port),) = parse_dsn(self.dsn).hosts
        return Relay(host, port)

    def dsn_by(self, relay: Relay) -> str:
        ((host, port),) = parse_dsn(self.dsn).hosts
        return self.dsn.replace(f"{host}:{port}", f"127.0.0.1:{relay.port}")


@pytest.fixture(params=["http", "native"])
def database(clickhouse, request):
    """A database that is reached over each protocol."""
    native = request.param == "native"
    if native and not clickhouse.native_dsn:
        pytest.skip("CLICKHOUSE_NATIVE_DSN is not set")
    name = clickhouse.new_database()
    yield Database(clickhouse, name, native=native)
    clickhouse.query(f"DROP DATABASE {name}")


@pytest.fixture
def over_http(clickhouse):
    """A database that is reached over HTTP."""
    name = clickhouse.new_database()
    yield Database(clickhouse, name, native=False)
    clickhouse.query(f"DROP DATABASE {name}")


@pytest.fixture
def now() -> int:
    """This second, in milliseconds."""
    return int(time.time()) * 1000


@pytest.fixture
async def connect():
    """Starts writers; stops them. Gives their `write`."""
    writers = []

    async def connect(dsn: str, **settings):
        writer = ClickHouse(ClickHouseConfig.model_validate({"dsn": dsn, **settings}))
        writers.append(writer)
        await writer.start(FakeHost())
        return Writes(writer)

    yield connect
    for writer in writers:
        await writer.stop()
