"""Which tasks are ours: everything, or a share that all members agree on."""

from __future__ import annotations

from collections import Counter

import pytest

from orbital_runtime.model import Task
from orbital_runtime.scheduler.assignment import Everything, Shard, parse_shard
from orbital_sdk import ConfigurationError, DeviceFields, PluginConfig


def task(device: str, name: str = "t") -> Task:
    return Task(name, device, "ping", DeviceFields(), PluginConfig(), 10, 5)


def test_one_sentinel_alone_runs_everything() -> None:
    """Without a shard every task is ours."""
    assert isinstance(parse_shard(""), Everything)
    assert parse_shard("").mine(task("a"))


def test_every_device_belongs_to_exactly_one_member() -> None:
    """Eight members with the same task list run each device once, and share them about evenly."""
    shards = [parse_shard(f"{n}/8") for n in range(1, 9)]
    counts: Counter[int] = Counter()
    for n in range(4000):
        owners = [i for i, shard in enumerate(shards) if shard.mine(task(f"switch-{n}"))]
        assert len(owners) == 1
        counts[owners[0]] += 1
    assert min(counts.values()) > 400
    assert max(counts.values()) < 600


def test_all_tasks_of_a_device_stay_together() -> None:
    """A device is never asked by two sentinels, however many tasks it has."""
    shard = parse_shard("2/5")
    for n in range(100):
        first = shard.mine(task(f"d{n}", "one"))
        assert all(shard.mine(task(f"d{n}", name)) == first for name in ("two", "three"))


def test_another_member_moves_only_what_it_gains() -> None:
    """From 4 to 5 members a device either stays where it was or goes to the new one."""
    four, five = Shard(1, 4), Shard(1, 5)
    moved = 0
    for n in range(2000):
        before, after = four.owner(f"d{n}"), five.owner(f"d{n}")
        assert after in {before, 5}
        moved += before != after
    assert 300 < moved < 500


@pytest.mark.parametrize("text", ["0/8", "9/8", "2", "2/", "/8", "-1/8", "a/b", "2/8/3", "1/0"])
def test_a_shard_that_cannot_be_is_refused(text: str) -> None:
    """The message shows what was written and what would be right."""
    with pytest.raises(ConfigurationError, match="2/8") as caught:
        parse_shard(text)
    assert caught.value.field == "collector.shard"
