"""Tables: created, found, found wanting, and the user's own."""

import logging

import pytest
from typer.testing import CliRunner

from orbital_sdk import Layout, Refusal, Row, WriterMisconfigured
from orbital_sdk.testing import make_batch, make_layout, make_origin
from orbital_writer_clickhouse.command import app

DAY = 86_400_000
OLD_TABLE = (
    "CREATE TABLE {db}.metrics (timestamp DateTime64(3), metric_name String, metric_value Float64,"
    " metric_type String, device_id String, labels Map(String, String), date Date DEFAULT toDate(timestamp))"
    " ENGINE = MergeTree PARTITION BY toYYYYMM(date) ORDER BY (metric_name, device_id, timestamp)"
    " TTL date + INTERVAL 90 DAY"
)


def engine_of(database, table: str) -> str:
    return database.one(
        f"SELECT engine_full FROM system.tables WHERE database = '{{db}}' AND name = '{table}'"
    )


async def test_the_table_of_earlier_sentinels_does_as_it_is(database, connect, now, caplog):
    """Without `sentinel_id` and with plain strings: samples arrive, and what would be better is said once."""
    database.query(OLD_TABLE)
    write = await connect(database.dsn)
    with caplog.at_level(logging.WARNING):
        for n in range(2):
            write(make_batch({"m": 1.5}, ts=now + n))
    assert (
        database.query("SELECT metric_name, metric_value, device_id FROM {db}.metrics")
        == [["m", 1.5, "device-1"]] * 2
    )
    said = [record.message for record in caplog.records]
    assert len(said) == 2
    assert any("ADD COLUMN `sentinel_id`" in message for message in said)
    assert any("non_replicated_deduplication_window" in message for message in said)


async def test_the_table_is_created_as_the_settings_say(database, connect, now):
    """Name, TTL, partition and deduplication."""
    write = await connect(
        database.dsn, table="samples", ttl="12h", partition="day", deduplication_window=77
    )
    write(make_batch({"m": 1.0}, ts=now))
    engine = engine_of(database, "samples")
    assert "PARTITION BY toYYYYMMDD(date)" in engine
    assert "TTL date + toIntervalSecond(43200)" in engine
    assert "non_replicated_deduplication_window = 77" in engine


async def test_every_column_that_differs_is_named(database, connect, now):
    """A table with other columns pauses the output; put right, the same writer goes on."""
    database.query(
        "CREATE TABLE {db}.metrics (timestamp String, metric_name String, metric_value Float64,"
        " device_id String MATERIALIZED 'x', labels Map(String, UInt64), extra UInt8) ENGINE = MergeTree"
        " ORDER BY metric_name"
    )
    write = await connect(database.dsn)
    with pytest.raises(WriterMisconfigured) as caught:
        write(make_batch({"m": 1.0}, ts=now))
    assert str(caught.value) == (
        "table metrics does not fit: timestamp is String, wanted DateTime64(3);"
        " metric_type is missing (wanted String); device_id is MATERIALIZED and takes no values;"
        " labels is Map(String, UInt64), wanted Map(String, String)"
    )
    database.query("DROP TABLE {db}.metrics")
    write(make_batch({"m": 1.0}, ts=now))
    assert database.one("SELECT count() FROM {db}.metrics") == 1


async def test_a_table_that_changes_under_the_writer(database, connect, now):
    """Dropped between two inserts: the output pauses once, and its next attempt creates the table anew."""
    write = await connect(database.dsn)
    write(make_batch({"m": 1.0}, ts=now))
    database.query("DROP TABLE {db}.metrics SYNC")
    with pytest.raises(WriterMisconfigured, match="sentinel clickhouse schema"):
        write(make_batch({"m": 2.0}, ts=now + 1))
    write(make_batch({"m": 2.0}, ts=now + 1), attempt=2)
    assert database.query("SELECT metric_value FROM {db}.metrics") == [[2]]


async def test_nothing_is_created_where_that_is_not_wanted(database, connect, now):
    """`create: false`: the missing table is named, with the command that prints it."""
    write = await connect(database.dsn, create=False)
    with pytest.raises(
        WriterMisconfigured, match=r"no table metrics; create it \(`sentinel clickhouse"
    ):
        write(make_batch({"m": 1.0}, ts=now))
    assert database.query("SHOW TABLES FROM {db}") == []


async def test_a_table_of_ones_own(database, connect, now):
    """Schema `custom`: each column gets what the mapping says, in types of the table's choice."""
    database.query(
        "CREATE TABLE {db}.mine (at DateTime, what LowCardinality(String), val Nullable(Float32),"
        " host String, kind Enum8('gauge' = 1, 'counter' = 2), site String, fixed String,"
        " tags Map(LowCardinality(String), String), since DateTime DEFAULT now())"
        " ENGINE = MergeTree ORDER BY what"
    )
    columns = {
        "at": "timestamp", "what": "name", "val": "value", "host": "label:host", "kind": "type",
        "site": "region", "fixed": "=plant 7", "tags": "labels",
    }  # fmt: skip
    write = await connect(
        database.dsn, schema="custom", table="mine", columns=columns, origin_labels=["task"]
    )
    layout = make_layout([("m", {"host": "h1"})], origin=make_origin("t-1"))
    write(make_batch([2.5], layout=layout, ts=now))
    found = database.query(
        "SELECT toUnixTimestamp(at), what, val, host, kind, site, fixed, tags FROM {db}.mine"
    )
    tags = {"device_id": "device-1", "host": "h1", "task": "t-1"}
    assert found == [[now // 1000, "m", 2.5, "h1", "gauge", "test-region", "plant 7", tags]]


async def test_a_table_of_ones_own_with_numbers_for_times(database, connect, now):
    """Milliseconds in an Int64, and nanoseconds in a DateTime64(9)."""
    database.query(
        "CREATE TABLE {db}.mine (ms Int64, ns DateTime64(9), v Float64) ENGINE = MergeTree ORDER BY ms"
    )
    columns = {"ms": "timestamp", "ns": "timestamp", "v": "value"}
    write = await connect(database.dsn, schema="custom", table="mine", columns=columns)
    write(make_batch([1.0], ts=now + 7))
    assert database.query("SELECT ms, toUnixTimestamp64Nano(ns) FROM {db}.mine") == [
        [now + 7, (now + 7) * 1_000_000]
    ]


async def test_a_table_of_ones_own_that_does_not_fit(database, connect, now):
    """Checked before the first insert: missing and unfit columns are named."""
    database.query("CREATE TABLE {db}.mine (at Date, v String) ENGINE = MergeTree ORDER BY at")
    columns = {"at": "timestamp", "v": "value", "tags": "labels"}
    write = await connect(database.dsn, schema="custom", table="mine", columns=columns)
    with pytest.raises(WriterMisconfigured) as caught:
        write(make_batch(ts=now))
    assert "at is Date, wanted DateTime64(3); v is String, wanted Float64; tags is missing" in str(
        caught.value
    )


@pytest.mark.parametrize("schema", ["sentinel", "otel"])
async def test_samples_that_the_table_would_remove_at_once(database, connect, now, schema):
    """1970 against a TTL of 90 days is refused by name; 2100 and yesterday are stored."""
    write = await connect(database.dsn, schema=schema)
    layout = make_layout(3)
    batches = [make_batch([1.0, 2.0, 3.0], layout=layout, ts=now - DAY) for _ in range(2)]
    batches[1] = make_batch([1.0] * 3, layout=layout, ts=now, times=[1000, 4_102_444_800_000, now])
    (refused,) = write.answer(*batches).refused
    assert (refused.batch, refused.row) == (1, 0)
    assert "older than the 90 days" in refused.reason
    table = "metrics" if schema == "sentinel" else "otel_metrics_gauge"
    assert database.one(f"SELECT count() FROM {{db}}.{table}") == 5


async def test_a_table_without_ttl_keeps_1970(database, connect):
    """Nothing is refused for its age where the table keeps everything."""
    write = await connect(database.dsn, ttl=0)
    write(make_batch({"m": 1.0}, ts=1000))
    assert database.one("SELECT toUnixTimestamp64Milli(timestamp) FROM {db}.metrics") == 1000


async def test_times_beyond_the_calendar(database, connect, now):
    """After 2299 (2262 in nanoseconds) there is no such time: refused for certain, not stored as another."""
    write, otel = await connect(database.dsn), await connect(database.dsn, schema="otel")
    for each, ts in ((write, 10_413_792_000_000), (otel, 9_300_000_000_000)):
        for times in (None, [now, ts], [ts, now]):  # of the batch, and of devices that stamp rows
            batch = make_batch({"m": 1.0, "n": 2.0}, ts=ts if times is None else now, times=times)
            refusal = each.refusal(batch)
            assert (refusal.refusal, "later than" in refusal.reason) == (Refusal.BAD, True)


@pytest.mark.parametrize("schema", ["sentinel", "otel"])
async def test_who_asks_creates_nothing(database, connect, now, schema):
    """Tables that are not there are named as those that will be made; those that are there take inserts."""
    write = await connect(database.dsn, schema=schema)
    assert "will be created" in write.writer.test_connection()
    assert database.query("SHOW TABLES FROM {db}") == []
    write(make_batch({"m": 1.0}, ts=now))
    said = write.writer.test_connection()
    assert "takes inserts into" in said
    assert "created" not in said
    table = "metrics" if schema == "sentinel" else "otel_metrics_gauge"
    assert database.one(f"SELECT count() FROM {{db}}.{table}") == 1


async def test_who_asks_hears_of_a_table_that_is_missing_or_does_not_fit(database, connect):
    """As a write would, before there is anything to write."""
    write = await connect(database.dsn, create=False)
    with pytest.raises(WriterMisconfigured, match="there is no table metrics; create it"):
        write.writer.test_connection()
    database.query("CREATE TABLE {db}.metrics (value String) ENGINE = MergeTree ORDER BY value")
    with pytest.raises(WriterMisconfigured, match="is missing"):
        write.writer.test_connection()


@pytest.mark.parametrize("schema", ["sentinel", "otel"])
@pytest.mark.parametrize("partition", ["none", "day", "week", "month", "year"])
def test_the_printed_statements_are_understood(over_http, schema, partition):
    """What `sentinel clickhouse schema` prints creates exactly what the writer would."""
    arguments = [
        "schema",
        "--schema",
        schema,
        "--partition",
        partition,
        "--database",
        over_http.name,
    ]
    printed = CliRunner().invoke(app, arguments)
    assert printed.exit_code == 0
    for statement in printed.output.split(";\n"):
        if statement.strip():
            over_http.query(statement)
    expected = {"sentinel": ["metrics"], "otel": ["otel_metrics_gauge", "otel_metrics_sum"]}[schema]
    assert [row[0] for row in over_http.query("SHOW TABLES FROM {db}")] == expected


def test_the_printed_statements_for_a_cluster():
    """ON CLUSTER and ReplicatedMergeTree, under names that need quoting."""
    arguments = [
        "schema",
        "--cluster",
        "my-cluster",
        "--replicated",
        "--table",
        "a`b",
        "--ttl",
        "0",
    ]
    printed = CliRunner().invoke(app, arguments)
    assert printed.output.startswith("CREATE TABLE IF NOT EXISTS `a\\`b` ON CLUSTER `my-cluster`")
    assert "ENGINE = ReplicatedMergeTree\n" in printed.output
    assert "replicated_deduplication_window = 10000" in printed.output
    assert "\nTTL" not in printed.output
    assert CliRunner().invoke(app, ["schema", "--ttl", "soon"]).exit_code == 2


async def test_a_cluster_that_the_server_does_not_know(over_http, connect, now):
    """ON CLUSTER is sent as set; what the server says of it reaches the user."""
    write = await connect(over_http.dsn, cluster="nowhere")
    with pytest.raises(WriterMisconfigured, match=r"nowhere.*look at cluster"):
        write(make_batch({"m": 1.0}, ts=now))


async def test_rows_of_one_kind_only(database, connect, now):
    """Schema `otel` with counters alone: the other table gets nothing, not an empty insert."""
    write = await connect(database.dsn, schema="otel")
    write(make_batch([1.0], layout=Layout(make_origin(), [Row("c_total", {}, "counter")]), ts=now))
    assert database.one("SELECT count() FROM {db}.otel_metrics_sum") == 1
    assert database.one("SELECT count() FROM {db}.otel_metrics_gauge") == 0
