"""The bench's ClickHouse is the real engine over both protocols, and the relay cuts what it is told to."""

from urllib.parse import urlsplit

import pytest
import requests
from clickhouse_driver import Client, errors

from orbital_testbench import HostileServer, Relay, StatementError


@pytest.fixture
def native(clickhouse):
    """An independent client of the native protocol."""
    if not clickhouse.native_dsn:
        pytest.skip("CLICKHOUSE_NATIVE_DSN is not set")
    client = Client.from_url(clickhouse.native_dsn)
    yield client
    client.disconnect()


def test_both_protocols_reach_one_engine(clickhouse, native):
    """What is inserted over one is there over the other, in types that only ClickHouse has."""
    name = clickhouse.new_database()
    clickhouse.query(
        f"CREATE TABLE {name}.t (n UInt8, m Map(LowCardinality(String), Array(Float32))) ENGINE = MergeTree"
        " ORDER BY n"
    )
    native.execute(f"INSERT INTO {name}.t VALUES", [[7, {"a": [0.5, 2.0]}]])
    clickhouse.query(f"INSERT INTO {name}.t FORMAT JSONEachRow", b'{"n": 8, "m": {"b": []}}')
    assert clickhouse.query(f"SELECT * FROM {name}.t ORDER BY n") == [
        [7, {"a": [0.5, 2]}],
        [8, {"b": []}],
    ]
    assert native.execute(f"SELECT sum(n) FROM {name}.t")[0][0] == "15"
    clickhouse.query(f"DROP DATABASE {name}")


def test_errors_are_the_engines(clickhouse, native):
    """With ClickHouse's number, over both; and the native connection goes on."""
    with pytest.raises(StatementError, match=r"Code: 60\..*UNKNOWN_TABLE"):
        clickhouse.query("SELECT * FROM no_such_table")
    with pytest.raises(errors.ServerException) as caught:
        native.execute("SELECT * FROM no_such_table")
    assert caught.value.code == 60
    assert native.execute("SELECT 1 + 1")[0][0] == "2"


def test_a_user_that_may_only_read(clickhouse):
    """Reads, and is refused by the engine itself when it writes."""
    reader = urlsplit(clickhouse.reader_dsn)
    login = {"X-ClickHouse-User": reader.username, "X-ClickHouse-Key": reader.password}
    url = f"http://{reader.hostname}:{reader.port}/"
    assert requests.post(url, data="SELECT 1", headers=login, timeout=10).text == "1\n"
    refused = requests.post(url, data="CREATE DATABASE nope", headers=login, timeout=10)
    assert refused.headers["X-ClickHouse-Exception-Code"] in {"164", "497"}
    wrong = requests.post(
        url, data="SELECT 1", headers={**login, "X-ClickHouse-Key": "no"}, timeout=10
    )
    assert (wrong.status_code, wrong.headers["X-ClickHouse-Exception-Code"]) == (403, "516")


def test_the_relay_cuts_answers_and_comes_back():
    """The server gets what the client sends, the answer is cut, and refusing and listening work in turn."""
    with HostileServer() as server, Relay("127.0.0.1", server.port) as relay:
        url = f"http://127.0.0.1:{relay.port}/"
        assert requests.get(url, timeout=10).status_code == 200
        relay.cut_answers()
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=10)
        assert len(server.requests) == 2
        relay.refuse()
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=10)
        relay.listen()
        assert requests.get(url, timeout=10).status_code == 200
        relay.cut = lambda direction, data: direction == "request"
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=10)
        assert (len(server.requests), relay.cuts) == (3, 2)
