"""What is written is what is stored: read back by query from the real engine, over both protocols."""

import math
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orbital_sdk import Identity, Layout, Origin, Row
from orbital_sdk.testing import check_writer, make_batch, make_layout, make_origin
from orbital_writer_clickhouse import ClickHouse, ClickHouseConfig

ORIGIN = Origin(
    "t-7", "snmp", "sw1", "10.0.0.1:161", Identity("id-1", "edge-1", "eu", {"site": "lab"})
)


async def test_a_sample_with_all_that_is_known_of_it(database, connect, now):
    """Schema `sentinel`: its columns, its own labels, and where it comes from."""
    write = await connect(
        database.dsn, origin_labels=["sentinel", "region", "labels", "task", "target"]
    )
    row = Row(
        "if_octets_total", {"device_id": "sw1", "if_name": "größe 世界 \U0001f6f0"}, "counter"
    )
    assert write(make_batch([42.5], layout=Layout(ORIGIN, [row]), ts=now + 123)) > 0
    ((ts, date, *rest),) = database.query(
        "SELECT toUnixTimestamp64Milli(timestamp), date, metric_name, metric_value, metric_type,"
        " device_id, labels, sentinel_id FROM {db}.metrics"
    )
    assert int(ts) == now + 123
    assert date == database.one(f"SELECT toDate(toDateTime({now // 1000}))")
    assert rest == [
        "if_octets_total",
        42.5,
        "counter",
        "sw1",
        {
            "device_id": "sw1", "if_name": "größe 世界 \U0001f6f0", "sentinel": "edge-1",
            "region": "eu", "site": "lab", "task": "t-7", "target": "10.0.0.1:161",
        },
        "id-1",
    ]  # fmt: skip


@pytest.mark.parametrize("compression", ["none", "lz4", "zstd"])
async def test_each_sample_of_a_backlog_arrives_once(over_http, connect, now, compression):
    """20 devices with 241 series each, ten polls in one request, in every compression of HTTP."""
    await _backlog(over_http, await connect(over_http.dsn, compression=compression), now)


@pytest.mark.parametrize("database", ["native"], indirect=True)
@pytest.mark.parametrize("compression", ["none", "lz4"])
async def test_each_sample_of_a_backlog_arrives_once_natively(database, connect, now, compression):
    """The same over the native protocol, with the original configuration's `compress=true` and without."""
    dsn = f"{database.dsn}?compress={'true' if compression == 'lz4' else 'false'}"
    await _backlog(database, await connect(dsn), now)


async def _backlog(database, write, now):
    rows = [("m", {"index": str(i)}) for i in range(241)]
    layouts = [
        make_layout(rows, origin=make_origin(f"t-{d}", device_id=f"d{d}")) for d in range(20)
    ]
    write(
        *[
            make_batch([1000.0 * d + i + p / 16 for i in range(241)], layout=at, ts=now + p * 1000)
            for p in range(-9, 1)
            for d, at in enumerate(layouts)
        ]
    )
    wrong = (
        f"metric_value != 1000 * toInt32(substring(device_id, 2)) + toInt32(labels['index'])"
        f" + (toUnixTimestamp64Milli(timestamp) - {now}) / 16000"
    )
    assert database.query(
        f"SELECT count(), uniqExact(device_id, labels, timestamp), countIf({wrong}) FROM {{db}}.metrics"
    ) == [[48200, 48200, 0]]


async def test_odd_values_arrive_as_they_are(database, connect, now):
    """Infinities, NaN, minus zero, the smallest and the largest doubles, Counter64's end: bit for bit."""
    values = [math.inf, -math.inf, math.nan, -0.0, 5e-324, 1.7e308, float(2**64 - 1), 0.1 + 0.2]
    write = await connect(database.dsn)
    layout = make_layout([("m", {"index": str(i)}) for i in range(len(values))])
    write(make_batch(values, layout=layout, ts=now))
    got = database.query(
        "SELECT reinterpretAsUInt64(metric_value) FROM {db}.metrics ORDER BY toInt32(labels['index'])"
    )
    assert [row[0] for row in got] == [
        int.from_bytes(struct.pack("<d", value), "little") for value in values
    ]


async def test_own_times_and_stale_markers(database, connect, now):
    """Times that a device gave are kept; stale markers are not rows."""
    write = await connect(database.dsn)
    layout = make_layout([("m", {"index": "a"}), ("m", {"index": "b"})])
    write(make_batch([1.0, 2.0], layout=layout, ts=now, times=[now - 3000, now - 1001]))
    write(make_batch([1.0, 2.0], layout=layout, ts=now, stale=True))
    found = database.query(
        "SELECT labels['index'], toUnixTimestamp64Milli(timestamp) FROM {db}.metrics"
    )
    assert {(index, int(ts)) for index, ts in found} == {("a", now - 3000), ("b", now - 1001)}


async def test_otel_tables(database, connect, now):
    """Gauges and counters go to the tables of the OpenTelemetry exporter, the device in the sort key."""
    write = await connect(database.dsn, schema="otel")
    labels = {"device_id": "sw1", "if_name": "eth0"}
    rows = [
        Row("temperature_celsius", labels, "gauge", "celsius"),
        Row("octets_total", labels, "counter", "bytes"),
        Row("latency_bucket", {**labels, "le": "1"}, "counter"),
    ]
    layout = Layout(ORIGIN, rows)
    write(*[make_batch([n, 10.0 + n, 100.0 + n], layout=layout, ts=now + n) for n in range(2)])
    gauge = database.query(
        "SELECT ServiceName, MetricName, MetricUnit, Attributes, Value, ScopeName,"
        " toUnixTimestamp64Nano(TimeUnix), ResourceAttributes['service.instance.id'],"
        " ResourceAttributes['site'] FROM {db}.otel_metrics_gauge ORDER BY TimeUnix LIMIT 1"
    )
    assert gauge == [
        ["snmp", "temperature_celsius", "celsius", labels, 0, "orbital-sentinel", now * 1_000_000,
         "10.0.0.1:161", "lab"]
    ]  # fmt: skip
    assert database.query(
        "SELECT MetricName, sum(Value), any(AggregationTemporality), any(IsMonotonic)"
        " FROM {db}.otel_metrics_sum GROUP BY MetricName ORDER BY MetricName"
    ) == [["latency_bucket", 201, 2, True], ["octets_total", 21, 2, True]]
    key = database.one(
        "SELECT sorting_key FROM system.tables WHERE database = '{db}' AND name = 'otel_metrics_sum'"
    )
    assert key.startswith("ServiceName, MetricName, Attributes['device_id']")


async def test_many_distinct_label_names(over_http, connect, now):
    """100,000 series with a label name of their own each: all are stored."""
    write = await connect(over_http.dsn)
    layout = make_layout([("m", {f"key_{n}": f"value {n}"}) for n in range(100_000)])
    write(make_batch([1.0] * 100_000, layout=layout, ts=now))
    assert over_http.one("SELECT uniqExact(labels) FROM {db}.metrics") == 100_000


TEXT = st.text(st.characters(exclude_categories=[]), max_size=12) | st.sampled_from(
    ["it's", 'a "b"', "line\nline", "back\\slash", "nul\0nul", "\ud800 alone", "ü" * 200]
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    labels=st.lists(st.dictionaries(TEXT, TEXT, max_size=5), min_size=1, max_size=8),
    name=TEXT,
)
async def test_any_text_arrives(database, connect, now, labels, name):
    """Quotes, newlines, emoji, NUL and half a surrogate in names and labels: what is text stays as it is."""
    database.query("DROP TABLE IF EXISTS {db}.metrics")
    write = await connect(database.dsn, origin_labels=[])
    rows = [Row(name, {**each, "n": str(n)}) for n, each in enumerate(labels)]
    write(make_batch([1.0] * len(rows), layout=Layout(ORIGIN, rows), ts=now))
    found = database.query(
        "SELECT hex(metric_name), arrayMap(x -> hex(x), mapKeys(labels)),"
        " arrayMap(x -> hex(x), mapValues(labels)) FROM {db}.metrics ORDER BY toInt32(labels['n'])"
    )
    assert found == [
        [_hex(row.name), [_hex(k) for k, _ in row.labels], [_hex(v) for _, v in row.labels]]
        for row in rows
    ]


def _hex(text: str) -> str:
    return text.encode(errors="replace").hex().upper()


async def test_contract_of_writers(database, dead_port):
    """The SDK's own suite, against the engine and against one that is not there."""
    scheme = "tcp" if database.native else "http"

    def make(dsn: str = database.dsn):
        # test batches are of 2023: the table must keep them
        given = {"dsn": dsn, "ttl": 0, "connect_timeout": "200ms"}
        return ClickHouse(ClickHouseConfig.model_validate(given))

    await check_writer(
        make, unavailable=lambda: make(f"{scheme}://u:hidden-password@127.0.0.1:{dead_port}/d")
    )
