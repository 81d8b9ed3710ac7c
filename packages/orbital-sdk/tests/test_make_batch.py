"""Batches in one line."""

import pytest

from orbital_sdk import STALE_BYTES
from orbital_sdk.testing import make_batch, make_layout, make_origin


@pytest.mark.parametrize(
    ("samples", "rows"),
    [
        (2, [("metric_0", 0.0), ("metric_1", 1.0)]),
        ({"up": 1, "t": 21.5}, [("up", 1.0), ("t", 21.5)]),
        ([5.0, 6.0], [("metric_0", 5.0), ("metric_1", 6.0)]),
        ([("up", {}, 1.0)], [("up", 1.0)]),
        (0, []),
        ({}, []),
        ([], []),
    ],
)
def test_samples_as_short_as_the_test_needs_them(samples, rows):
    """A number, values by name, values alone, or the whole story."""
    assert [(row.name, value) for row, _, value in make_batch(samples).items()] == rows


def test_every_row_has_its_device():
    """As in the agent, where every sample carries `device_id`."""
    layout = make_layout(["up", ("t", {"room": "hall"})], origin=make_origin(device_id="d9"))
    assert [dict(row.labels) for row in layout.rows] == [
        {"device_id": "d9"},
        {"device_id": "d9", "room": "hall"},
    ]


def test_the_next_batch_of_a_task_shares_its_layout():
    """Writers that cache by layout can be tested for that."""
    layout = make_layout(2)
    assert make_batch(2, layout=layout).layout is make_batch([3.0, 4.0], layout=layout).layout


def test_a_stale_batch_holds_markers():
    """Whatever the values were."""
    assert make_batch([5.0], stale=True).values.tobytes() == STALE_BYTES


def test_where_it_comes_from_can_be_said():
    """Task, plugin, device, target and sentinel."""
    origin = make_origin("t", plugin="p", device_id="d", target="x:1")
    assert make_batch(1, origin=origin).layout.origin == origin
    assert make_layout(1).origin.sentinel.name == "test-sentinel"
