"""Tasks of one target stand apart, and those of different targets share their wake-ups."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from orbital_runtime.scheduler.roster.target import target_of
from orbital_runtime.scheduler.timetable.spread import PARTS, TargetSpread
from orbital_runtime.scheduler.timetable.timetable import Timetable
from orbital_sdk import DeviceFields

NOW = 1_700_000_000.0


class Web(DeviceFields):
    url: str


class Host(DeviceFields):
    host: str
    port: int | None = None


def moments(table: Timetable, seconds: float = 0.9999) -> Counter[float]:
    """How many tasks have a tick at each moment from now on."""
    return Counter(tick.due for tick in table.pop(NOW + seconds))


@pytest.mark.parametrize("rate", [1, 100, 1000])
def test_twenty_checks_of_one_server_arrive_one_by_one(rate) -> None:
    """Of twenty tasks a second no two come together, and neighbours are not next to each other in a bunch."""
    table = Timetable()
    table.set_rate(rate)
    for n in range(20):
        table.add(f"check-{n}", 1, NOW, "shop:443")
    found = moments(table)
    assert len(found) == 20
    assert min(after - before for before, after in pairwise(sorted(found))) > 0.001


def test_many_targets_share_their_moments() -> None:
    """Fifty targets with one task each take two wake-ups a second; with four each, not many more."""
    single, several = Timetable(), Timetable()
    single.set_rate(50)
    several.set_rate(50)
    for host in range(50):
        single.add(f"t{host}", 1, NOW, f"h{host}")
        for n in range(4):
            several.add(f"t{host}-{n}", 1, NOW, f"h{host}")
    assert len(moments(single)) == 2
    assert len(moments(several)) <= 8


def test_tasks_of_one_target_take_free_points_first() -> None:
    """Ten tasks of 10 s on each of fifty hosts: every host is asked once a second, and all of them together
    take no more wake-ups than if nobody cared.
    """
    table = Timetable()
    for host in range(50):
        due = [table.add(f"t{host}-{n}", 10, NOW, f"h{host}") for n in range(10)]
        assert len(set(due)) == 10
    assert len(moments(table, 9.9999)) == 10


def test_a_growing_fleet_moves_nobody_far_from_a_free_point() -> None:
    """Who stands beside its key's own point stays as far from it on a finer grid, and on the coarser one
    again: no gap between two ticks is longer or shorter than the interval by more than a second.
    """
    table = Timetable()
    due = {f"t{n}": table.add(f"t{n}", 10, NOW, "shop:443") for n in range(10)}
    first = dict(due)
    for rate in (1000, 1):
        table.set_rate(rate)
        start = min(due.values())
        for step in range(250):
            for tick in table.pop(start + step / 10):
                assert abs(tick.following - due[tick.key] - 10) < 1
                due[tick.key] = tick.following
        assert len(set(due.values())) == 10
    assert all((due[key] - first[key]) % 10 == 0 for key in due)


def test_a_place_is_free_again() -> None:
    """Tasks that come and go leave nothing behind, and who comes next gets the first free place."""
    table = Timetable()
    for n in range(3 * PARTS):
        table.add(f"t{n}", 1, NOW, "shop:443")
    for n in range(3 * PARTS):
        assert table.remove(f"t{n}")
    assert table._spread._taken == {}
    fresh = Timetable()
    assert table.add("t1", 1, NOW, "shop:443") == fresh.add("t1", 1, NOW, "shop:443")


def test_a_growing_fleet_keeps_them_apart() -> None:
    """On a finer grid each finds a place of its own again, a tick later, and none comes too often."""
    table = Timetable()
    for n in range(20):
        table.add(f"check-{n}", 1, NOW, "shop:443")
    table.set_rate(1000)
    looks = [NOW + step / 50 for step in range(500)]
    ticks = Counter(tick.key for now in looks for tick in table.pop(now))
    assert set(ticks.values()) <= {9, 10}
    following = [table._lines[f"check-{n}"].due for n in range(20)]
    assert len(set(following)) == 20


def test_the_same_tasks_get_the_same_spread() -> None:
    """After a restart each is where it was."""
    tables = Timetable(), Timetable()
    due = [[t.add(f"t{n}", 10, NOW, "shop:443") for n in range(40)] for t in tables]
    assert due[0] == due[1]


def test_too_many_share() -> None:
    """A thousand tasks a second of one target are spread as well as it goes."""
    table = Timetable()
    table.set_rate(1000)
    for n in range(1000):
        table.add(f"t{n}", 1, NOW, "shop:443")
    found = moments(table)
    assert len(found) > 400
    assert max(found.values()) < 12


@pytest.mark.parametrize(
    ("device", "target"),
    [
        (Web(url="https://Shop.example/health"), "shop.example:443"),
        (Web(url="http://user:word@[::1]:8080/"), "::1:8080"),
        (Web(url="http://shop.example:none/"), ""),
        (Host(host="10.0.0.1"), "10.0.0.1"),
        (Host(host="10.0.0.1", port=161), "10.0.0.1:161"),
        (DeviceFields(), ""),
    ],
)
def test_whom_a_device_is_asked_at(device, target) -> None:
    """Host and port, however its fields say them."""
    assert target_of(device) == target


def test_a_place_of_nobody() -> None:
    """Where no target is known, or no grid fits, a task stands where its key says."""
    places = TargetSpread()
    assert places.take("", "t", 1_000_000, 500_000)[1] == 0
    assert places.take("shop:443", "t", 10_001, 500_000)[1] == 0
    places.leave(0)
