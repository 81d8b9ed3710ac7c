"""Which tasks carry their id at Core, and for how long."""

from __future__ import annotations

import pytest

from orbital_gravital.tasks.apart import Apart
from orbital_runtime_testing.runs import make_task


def some(*names: str, device: str = "dev-1", source: str = "core", **more):
    """Tasks of one plugin on one device."""
    return [make_task(name, device_id=device, source=source, **more) for name in names]


@pytest.fixture
def begun(tmp_path):
    """Begins with what an earlier one left in the folder; a task's number is in its name."""
    return lambda: Apart(tmp_path, lambda task: int(task.id.rpartition("-")[2]))


async def marks(apart: Apart, tasks) -> dict[str, str]:
    return {task.id: task.labels.get("task_id", "") for task in await apart.label(tasks)}


async def test_one_task_of_a_plugin_on_a_device_is_left_alone(begun):
    """The very same object, so that a reload leaves it alone; other devices and plugins do not matter."""
    tasks = [*some("t-1"), *some("t-2", device="dev-2"), *some("t-3", plugin="other")]
    assert all(a is b for a, b in zip(await begun().label(tasks), tasks, strict=True))


async def test_whom_core_made_first_is_first_whatever_the_order(begun):
    """Core's lists have none. Local tasks are before Core's."""
    assert await marks(begun(), some("t-12", "t-3", "t-7")) == {
        "t-12": "t-12",
        "t-3": "",
        "t-7": "t-7",
    }
    mixed = [*some("t-1", device="b"), *some("t-9", device="b", source="local")]
    assert await marks(begun(), mixed) == {"t-1": "t-1", "t-9": ""}


async def test_who_ran_already_stays_as_it_is(begun):
    """Also where an older one appears, such as one that was switched off."""
    apart = begun()
    await apart.label(some("t-5"))
    assert await marks(apart, some("t-2", "t-5")) == {"t-2": "t-2", "t-5": ""}


async def test_the_mark_outlives_the_first_task_and_a_restart(begun):
    """It goes with its own task alone, and not with a start at which Core's list is not there yet."""
    await begun().label(some("t-1", "t-2"))
    assert await marks(begun(), some("t-2")) == {"t-2": "t-2"}
    assert await marks(begun(), some("t-9", source="local")) == {"t-9": ""}
    assert await marks(begun(), some("t-2")) == {"t-2": "t-2"}
    assert await marks(begun(), some("t-3")) == {"t-3": ""}
    assert await marks(begun(), some("t-2")) == {"t-2": ""}


async def test_the_same_task_is_made_once(begun):
    """What is equal stays the very same object: nothing is done about it at a reload."""
    apart, tasks = begun(), some("t-1", "t-2")
    before = await apart.label(tasks)
    after = await apart.label(tasks)
    assert all(a is b for a, b in zip(before, after, strict=True))


async def test_a_label_of_that_name_that_somebody_chose_stays(begun):
    """It is theirs to say what tells their tasks apart."""
    tasks = some("t-1", "t-2", labels={"task_id": "mine"})
    assert await marks(begun(), tasks) == {"t-1": "mine", "t-2": "mine"}


@pytest.mark.parametrize("rubbish", [b"{", b'{"a": 1}', b""])
async def test_a_file_that_is_damaged_is_begun_anew(begun, tmp_path, rubbish, caplog):
    """And told."""
    (tmp_path / "core-apart").write_bytes(rubbish)
    assert await marks(begun(), some("t-1", "t-2")) == {"t-1": "", "t-2": "t-2"}
    assert "core-apart" in caplog.text
