"""What is written is what is stored: read back from a real VictoriaMetrics."""

import math

import pytest

from orbital_sdk import Identity, Layout, Origin, Refusal, Row
from orbital_sdk.testing import check_writer, make_batch, make_layout, make_origin
from orbital_writer_victoria import VictoriaConfig, VictoriaMetrics

MINUTE, DAY = 60_000, 86_400_000


def stored(server, name: str) -> dict:
    """(device_id, index) -> samples."""
    found = server.samples(name)
    return {(p.labels.get("device_id"), p.labels.get("index")): p.samples for p in found}


@pytest.mark.parametrize("compression", ["auto", "zstd", "snappy"])
async def test_samples_arrive_with_all_their_labels(
    victoria_metrics, connect, metric_name, now, compression
):
    """In either compression: job, instance, the sample's own labels, the sentinel's, the user's; no more.

    `extra_labels` win over what is sent, `external_labels` do not.
    """
    write = await connect(
        victoria_metrics.write_url,
        compression=compression,
        external_labels={"zone": "z1", "if_name": "no"},
        extra_labels={"tier": "a b&c=d", "region": "us"},
    )
    origin = Origin(
        "t-7", "snmp", "sw1", "10.0.0.1:161", Identity("id-1", "edge-1", "eu", {"site": "lab"})
    )
    text = 'größe 世界 \U0001f6f0 "quoted"\nsecond line'
    layout = Layout(origin, [Row(metric_name, {"device_id": "sw1", "if_name": text})])
    sent = write(make_batch([42.5], layout=layout, ts=now))
    assert 0 < sent < 1000
    (series,) = victoria_metrics.samples(metric_name)
    assert series.samples == [(now, 42.5)]
    assert series.labels == {
        "__name__": metric_name,
        "device_id": "sw1",
        "if_name": text,
        "instance": "10.0.0.1:161",
        "job": "snmp",
        "region": "us",
        "sentinel": "edge-1",
        "site": "lab",
        "task": "t-7",
        "tier": "a b&c=d",
        "zone": "z1",
    }


async def test_each_sample_of_a_poll_arrives_once(victoria_metrics, connect, metric_name, now):
    """20 devices with 241 series each, ten polls in one backlog: every value at its time, none twice."""
    write = await connect(victoria_metrics.write_url)
    rows = [(metric_name, {"index": str(i)}) for i in range(241)]
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
    found = stored(victoria_metrics, metric_name)
    assert len(found) == 20 * 241
    for (device, index), samples in found.items():
        first = 1000.0 * int(device[1:]) + int(index)
        assert samples == [(now + p * 1000, first + p / 16) for p in range(-9, 1)]


async def test_odd_values(victoria_metrics, connect, metric_name, now):
    """Infinities and 15 digits arrive; it keeps decimals, so the smallest double becomes 0."""
    values = [math.inf, -math.inf, 5e-324, 12345678.9012345]
    write = await connect(victoria_metrics.write_url)
    layout = make_layout([(metric_name, {"index": str(i)}) for i in range(len(values))])
    write(make_batch(values, layout=layout, ts=now))
    found = {p.labels["index"]: p.value for p in victoria_metrics.query(metric_name, now / 1000)}
    assert [found[str(i)] for i in range(4)] == [math.inf, -math.inf, 0, 12345678.9012345]


async def test_stale_markers_end_a_series(victoria_metrics, connect, metric_name, now):
    """A series that ended is gone at once, not five minutes later."""
    write = await connect(victoria_metrics.write_url)
    layout = make_layout([(metric_name, {})])
    write(make_batch([1.0], layout=layout, ts=now - 100_000))
    write(make_batch([0.0], layout=layout, ts=now - 5_000, stale=True))
    assert victoria_metrics.query(metric_name, now / 1000 - 6)
    assert not victoria_metrics.query(metric_name, now / 1000 - 1)


async def test_backlog_of_any_age_in_any_order(victoria_metrics, connect, metric_name, now):
    """Fresh samples first, the backlog of an outage and of 1970 behind them: all of it is stored."""
    assert VictoriaMetrics.takes_old_samples
    write = await connect(victoria_metrics.write_url)
    layout = make_layout([(metric_name, {"index": "a"}), (metric_name, {"index": "b"})])
    times = [now, now - 600 * MINUTE, now - 5 * MINUTE, now - 300 * DAY, 1000]
    for number, ts in enumerate(times):
        write(make_batch([float(number), -float(number)], layout=layout, ts=ts))
    write(make_batch([9.0, 9.0], layout=layout, ts=now, times=[now - 3000, now - 1000]))
    found = stored(victoria_metrics, metric_name)
    expected = [(ts, float(n)) for n, ts in enumerate(times)]
    assert found["device-1", "a"] == sorted([*expected, (now - 3000, 9.0)])
    assert len(found["device-1", "b"]) == 6


async def test_requests_that_are_too_large(start_victoria_metrics, connect, metric_name):
    """VictoriaMetrics says 400 where others say 413; the sender halves the batch."""
    server = start_victoria_metrics(flags=["-maxInsertRequestSize=2KiB"])
    write = await connect(server.write_url)
    assert write.refusal(make_batch(241)).refusal is Refusal.TOO_LARGE
    write(make_batch({metric_name: 1.0}))
    assert server.count(metric_name) == 1


async def test_many_distinct_label_names(victoria_metrics, connect, metric_name, now):
    """100,000 series with a label name of their own each: all are stored."""
    write = await connect(victoria_metrics.write_url)
    layout = make_layout([(metric_name, {f"key_{n}": "x"}) for n in range(100_000)])
    write(make_batch([1.0] * 100_000, layout=layout, ts=now))
    # an export of them all takes seconds
    (stored,) = victoria_metrics.query(f"count({metric_name})")
    assert stored.value == 100_000


async def test_contract_of_writers(start_victoria_metrics, dead_port):
    """The SDK's own suite, against a server of its own and against addresses where nobody is."""
    server = start_victoria_metrics()
    secrets = {"headers": {"X-Key": "hidden-key"}, "bearer_token": "hidden-token"}

    def make(url: str = server.write_url + "?extra_label=a=b", *more: str):
        settings = {"url": url, "fallback_urls": more, "connect_timeout": "200ms", **secrets}
        return VictoriaMetrics(VictoriaConfig.model_validate(settings))

    nobody = f"http://127.0.0.1:{dead_port}/w"
    await check_writer(make, unavailable=lambda: make(nobody))
    await check_writer(make, unavailable=lambda: make(nobody, nobody))
