"""What VictoriaMetrics answers with 204 and drops is given back by name, and nothing else is."""

import math

from orbital_sdk import Row, Written
from orbital_sdk.testing import make_batch, make_layout

DAY = 86_400_000


def refused(write, *batches) -> dict[tuple[int, int], str]:
    answer = write.answer(*batches)
    assert isinstance(answer, Written)
    return {(each.batch, each.row): each.reason for each in answer.refused}


def spread(name: str, kind: str, count: int) -> Row:
    return Row(name, {"kind": kind, **{f"k{n:03}": "x" for n in range(count)}})


async def test_series_at_the_edge_of_its_limits(victoria_metrics, connect, metric_name, now):
    """Too many labels, too long a name, too long a value: refused is just what it would not store."""
    edge = "task-1", "test-region", "test-sentinel"  # with job, instance, name, kind: 7 labels
    rows = [
        Row(metric_name, {"kind": "plain"}),
        spread(metric_name, "40 labels", 40 - 4 - len(edge)),
        spread(metric_name, "41 labels", 41 - 4 - len(edge)),
        Row(metric_name, {"kind": "value of 4096", "v": "é" * 2048}),
        Row(metric_name, {"kind": "value of 4098", "v": "é" * 2049}),
        Row(metric_name, {"kind": "name of 256", "n" * 256: "x"}),
        Row(metric_name, {"kind": "name of 257", "n" * 257: "x"}),
    ]
    write = await connect(victoria_metrics.write_url)
    layout = make_layout(1)
    layout = type(layout)(layout.origin, rows)
    batches = [make_batch([float(n)] * len(rows), layout=layout, ts=now + n) for n in range(2)]
    found = refused(write, *batches)
    assert set(found) == {(batch, row) for batch in range(2) for row in (2, 4, 6)}
    assert "41 labels, more than max_labels 40" in found[0, 2]
    assert "label v is longer than 4096 bytes" in found[1, 4]
    assert "longer than 256 bytes" in found[0, 6]
    kinds = {
        series.labels["kind"]: len(series.samples)
        for series in victoria_metrics.samples(metric_name)
    }
    assert kinds == dict.fromkeys(("plain", "40 labels", "value of 4096", "name of 256"), 2)
    open_minded = await connect(
        victoria_metrics.write_url, max_labels=0, max_label_name=0, max_label_value=0
    )
    open_minded(make_batch([9.0] * len(rows), layout=layout, ts=now + 9))
    kinds = {series.labels["kind"] for series in victoria_metrics.samples(metric_name)}
    assert kinds == {
        "plain",
        "40 labels",
        "value of 4096",
        "name of 256",
    }  # what the server does alone


async def test_times_that_it_would_drop(victoria_metrics, connect, metric_name, now):
    """2100 is refused by name and costs no other sample, whether a batch's time or a sample's own."""
    write = await connect(victoria_metrics.write_url)
    layout = make_layout([(metric_name, {"index": str(n)}) for n in range(3)])
    year_2100 = 4_102_444_800_000
    found = refused(
        write,
        make_batch([1.0, 2.0, 3.0], layout=layout, ts=year_2100),
        make_batch([4.0, 5.0, 6.0], layout=layout, ts=now, times=[now, now + 3 * DAY, now + DAY]),
        make_batch([7.0, 8.0, 9.0], layout=layout, ts=now + 1),
    )
    assert set(found) == {(0, 0), (0, 1), (0, 2), (1, 1)}
    assert {"more than 2 days ahead" in reason for reason in found.values()} == {True}
    values = sorted(
        v for series in victoria_metrics.samples(metric_name) for _, v in series.samples
    )
    assert values == [4.0, 6.0, 7.0, 8.0, 9.0]


async def test_times_before_the_retention(start_victoria_metrics, connect, metric_name, now):
    """With `retention` set as the server has it, what it would drop becomes a dead letter."""
    server = start_victoria_metrics(flags=["-retentionPeriod=10d"])
    write = await connect(server.write_url, retention="240h")
    layout = make_layout([metric_name])
    old, young = (make_batch([1.0], layout=layout, ts=now - days * DAY) for days in (30, 9))
    assert "retention of 10 days" in refused(write, old, young)[0, 0]
    assert server.count(metric_name) == 1


async def test_nan_is_named_and_infinities_are_not(victoria_metrics, connect, metric_name, now):
    """NaN (a processor may make one) is given back; infinities that cancel out are no NaN."""
    write = await connect(victoria_metrics.write_url)
    layout = make_layout([(metric_name, {"index": str(n)}) for n in range(3)])
    assert write(make_batch([math.inf, -math.inf, 1.0], layout=layout, ts=now)) > 0
    found = refused(write, make_batch([math.nan, -math.inf, 1.0], layout=layout, ts=now + 1))
    assert set(found) == {(0, 0)}
    assert "NaN" in found[0, 0]
    assert victoria_metrics.count(metric_name) == 5


async def test_refusals_of_both_kinds_name_the_right_rows(
    victoria_metrics, connect, metric_name, now
):
    """Rows that clash are found among what is left, and named by their place in the call."""
    write = await connect(victoria_metrics.write_url)
    rows = [
        (metric_name, {"v": "x" * 5000}),
        (metric_name, {"v": "x"}),
        (metric_name.replace("_", "."), {"v": "x"}),
    ]
    late = make_batch([1.0], layout=make_layout([metric_name]), ts=now + 9 * DAY)
    found = refused(write, late, make_batch([1.0, 2.0, 3.0], layout=make_layout(rows), ts=now))
    assert set(found) == {(0, 0), (1, 0), (1, 2)}
    assert "same series" in found[1, 2]
    assert victoria_metrics.count(metric_name) == 1


async def test_stale_markers_are_no_refusals(victoria_metrics, connect, metric_name, now):
    """A marker that would be dropped is left out, and is nobody's loss."""
    write = await connect(victoria_metrics.write_url)
    layout = make_layout([(metric_name, {"v": "x" * 5000})])
    write(make_batch([1.0], layout=layout, ts=now, stale=True))
    assert victoria_metrics.count(metric_name) == 0


async def test_the_same_rows_are_left_out_again_and_again(
    victoria_metrics, connect, metric_name, now
):
    """Poll after poll, and when another row joins them for a while, the right rows are stored."""
    write = await connect(victoria_metrics.write_url)
    long, fine, other = ((metric_name, {"v": v}) for v in ("x" * 5000, "fine", "other"))
    layout = make_layout([long, fine, other])
    late = [now, now, now + 9 * DAY]
    for n, times in enumerate((None, None, late, None)):
        batch = make_batch([1.0, 2.0 + n, 3.0 + n], layout=layout, ts=now + n, times=times)
        assert set(refused(write, batch)) == ({(0, 0)} if times is None else {(0, 0), (0, 2)})
    found = {
        s.labels["v"]: [v for _, v in s.samples] for s in victoria_metrics.samples(metric_name)
    }
    assert {name: sorted(values) for name, values in found.items()} == {
        "fine": [2.0, 3.0, 4.0, 5.0],
        "other": [3.0, 4.0, 6.0],
    }
