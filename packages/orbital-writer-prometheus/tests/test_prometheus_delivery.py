"""What is written is what is stored: read back by query from a real Prometheus."""

import math

from orbital_sdk import Identity, Layout, Origin, Row
from orbital_sdk.testing import check_writer, make_batch, make_layout, make_origin
from orbital_writer_prometheus import Prometheus


def stored(prometheus, selector: str, start: float) -> dict:
    """(device_id, index) -> samples, for series of one name."""
    found = prometheus.samples(selector, start=start, end=start + 7200)
    return {(p.labels.get("device_id"), p.labels.get("index")): p.samples for p in found}


async def test_samples_arrive_with_all_their_labels(prometheus, connect, metric_name, now):
    """job, instance, the sample's own labels, the sentinel's and the user's: all are there, no more."""
    write = await connect(prometheus.write_url, external_labels={"zone": "z1"})
    origin = Origin(
        "t-7", "snmp", "sw1", "10.0.0.1:161", Identity("id-1", "edge-1", "eu", {"site": "lab"})
    )
    layout = Layout(
        origin, [Row(metric_name, {"device_id": "sw1", "if_name": "größe 世界 \U0001f6f0"})]
    )
    sent = write(make_batch([42.5], layout=layout, ts=now))
    assert 0 < sent < 1000
    assert [
        (p.labels, p.ts * 1000, p.value) for p in prometheus.query(metric_name, now / 1000)
    ] == [
        (
            {
                "__name__": metric_name,
                "device_id": "sw1",
                "if_name": "größe 世界 \U0001f6f0",
                "instance": "10.0.0.1:161",
                "job": "snmp",
                "region": "eu",
                "sentinel": "edge-1",
                "site": "lab",
                "task": "t-7",
                "zone": "z1",
            },
            now,
            42.5,
        )
    ]


async def test_each_sample_of_a_poll_arrives_once(prometheus, connect, metric_name, now):
    """20 devices with 241 series each, ten polls in one backlog: every value at its time, none twice."""
    write = await connect(prometheus.write_url)
    layouts = [
        make_layout(
            [(metric_name, {"index": str(i)}) for i in range(241)],
            origin=make_origin(f"t-{d}", device_id=f"d{d}"),
        )
        for d in range(20)
    ]
    polls = [
        make_batch([1000.0 * d + i + p / 16 for i in range(241)], layout=layout, ts=now + p * 1000)
        for p in range(-9, 1)
        for d, layout in enumerate(layouts)
    ]
    write(*polls)
    found = stored(prometheus, metric_name, now / 1000 - 60)
    assert len(found) == 20 * 241
    for d in range(20):
        for i in (0, 1, 239, 240):
            expected = [(now + p * 1000, 1000.0 * d + i + p / 16) for p in range(-9, 1)]
            assert found[f"d{d}", str(i)] == expected
    assert sum(map(len, found.values())) == 20 * 241 * 10


async def test_odd_values_arrive_bit_for_bit_in_prometheus(prometheus, connect, metric_name, now):
    """Infinities, minus zero, the smallest and the largest doubles, Counter64's end."""
    values = [math.inf, -math.inf, -0.0, 5e-324, 1.8e308 / 1.01, float(2**64 - 1), 0.1 + 0.2]
    write = await connect(prometheus.write_url)
    layout = make_layout([(metric_name, {"index": str(i)}) for i in range(len(values))])
    write(make_batch(values, layout=layout, ts=now))
    found = stored(prometheus, metric_name, now / 1000 - 60)
    got = [found["device-1", str(i)][0][1] for i in range(len(values))]
    assert got == values
    assert math.copysign(1, got[2]) == -1


async def test_stale_markers_end_a_series(prometheus, connect, metric_name, now):
    """A series that ended is gone at once, not five minutes later."""
    assert Prometheus.takes_stale_markers
    write = await connect(prometheus.write_url)
    layout = make_layout([(metric_name, {})])
    write(make_batch([1.0], layout=layout, ts=now - 10_000))
    assert prometheus.query(metric_name, now / 1000 - 1)
    write(make_batch([0.0], layout=layout, ts=now - 5_000, stale=True))
    assert prometheus.query(metric_name, now / 1000 - 6)
    assert not prometheus.query(metric_name, now / 1000 - 1)


async def test_own_times_of_samples(prometheus, connect, metric_name, now):
    """Values that a device gave with times of its own are stored at those."""
    write = await connect(prometheus.write_url)
    layout = make_layout([(metric_name, {"index": "a"}), (metric_name, {"index": "b"})])
    write(make_batch([1.0, 2.0], layout=layout, ts=now, times=[now - 3000, now - 1000]))
    found = stored(prometheus, metric_name, now / 1000 - 60)
    assert found["device-1", "a"] == [(now - 3000, 1.0)]
    assert found["device-1", "b"] == [(now - 1000, 2.0)]


async def test_layouts_that_take_turns_stay_in_order(prometheus, connect, metric_name, now):
    """A task whose rows come and go delivers a whole backlog to Prometheus, which wants strict order."""
    rows = [(metric_name, {"index": "a"}), (metric_name, {"index": "b"})]
    short, full = make_layout(rows[:1]), make_layout(rows)
    turns = [full, short, full, full, short, short, full]
    write = await connect(prometheus.write_url)
    write(*[make_batch([float(i)] * len(t), layout=t, ts=now + i) for i, t in enumerate(turns)])
    found = stored(prometheus, metric_name, now / 1000 - 60)
    assert found["device-1", "a"] == [(now + i, float(i)) for i in range(7)]
    assert [value for _, value in found["device-1", "b"]] == [0, 2, 3, 6]


async def test_b25_names_that_prometheus_refuses_are_stored_under_valid_ones(
    prometheus, connect, metric_name, now
):
    """Defect B-25 (remote write: unsorted labels, no sanitising): Prometheus answers 204 to a bad name and
    drops the sample, so ours never sends one; sorted labels make one series of the same labels.
    """
    write = await connect(prometheus.write_url)
    labels = {"zeta": "1", "Alpha": "2", "mid.dle": "3", "1st": "4", "job": "own", "__name__": "x"}
    write(make_batch([(metric_name.replace("test_", "test."), labels, 1.0)], ts=now))
    (point,) = prometheus.query(metric_name, now / 1000)
    assert {k: v for k, v in point.labels.items() if v in {"1", "2", "3", "4", "own", "x"}} == {
        "Alpha": "2",
        "_1st": "4",
        "_name__": "x",
        "exported_job": "own",
        "mid_dle": "3",
        "zeta": "1",
    }
    write(make_batch([(metric_name, dict(reversed(labels.items())), 2.0)], ts=now + 1000))
    (series,) = prometheus.samples(metric_name, start=now / 1000 - 60, end=now / 1000 + 60)
    assert [value for _, value in series.samples] == [1.0, 2.0]


async def test_contract_of_writers(start_prometheus, dead_port):
    """The SDK's own suite, against a server of its own and against one that is not there."""
    server = start_prometheus()
    secrets = {"headers": {"X-Key": "hidden-key"}, "bearer_token": "hidden-token"}

    def make(url: str = server.write_url + "?extra_label=a=b"):
        settings = {"url": url, "connect_timeout": "200ms", **secrets}
        return Prometheus(Prometheus.config_model.model_validate(settings))

    await check_writer(make, unavailable=lambda: make(f"http://127.0.0.1:{dead_port}/w"))
