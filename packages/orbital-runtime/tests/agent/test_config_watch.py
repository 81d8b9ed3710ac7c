"""Files that change are noticed, whether or not the system tells of it."""

import asyncio
from contextlib import aclosing

import pytest

from orbital_runtime.agent.reloading.watch import changes
from orbital_runtime.signature import signature


@pytest.fixture
async def watched(tmp_path):
    """Begins to watch these paths; the list grows with each change that was noticed."""
    running = []

    def begin(*paths, interval=3600, known=None):
        seen: list[None] = []
        known = signature(*paths) if known is None else known

        async def watch():
            async with aclosing(changes(lambda: paths, known, interval)) as noticed:
                async for _ in noticed:
                    seen.append(None)  # noqa: PERF401 (others look at it meanwhile)

        running.append(asyncio.create_task(watch()))
        return seen

    yield begin
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def until(holds) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 (what is watched has no event)
            await asyncio.sleep(0.01)


async def changed_until(file, seen, count) -> None:
    """Change the file until it is noticed: nobody says when a watch has begun."""
    for number in range(1000):
        if len(seen) >= count:
            return
        file.write_text("x" * number)
        await asyncio.sleep(0.02)


async def test_a_change_is_noticed_at_once(tmp_path, watched):
    """A file that is written to, and one that an editor puts in its place."""
    file, fresh = tmp_path / "config.yaml", tmp_path / "config.new"
    file.write_text("a")
    seen = watched(file, tmp_path / "tasks.d")
    await changed_until(file, seen, 1)
    count = len(seen)
    fresh.write_text("b")
    fresh.replace(file)
    await until(lambda: len(seen) > count)


async def test_what_changed_before_the_watch_began_is_noticed(tmp_path, watched):
    """A file that was read, and changed before anybody watched it: long before the next look."""
    file = tmp_path / "config.yaml"
    file.write_text("a")
    read = signature(file)
    file.write_text("ab")
    seen = watched(file, known=read)
    await until(lambda: seen)


def test_other_files_beside_it_are_nobodys_business(tmp_path):
    """A log in the same folder does not make the configuration be read again and again."""
    file, folder = tmp_path / "config.yaml", tmp_path / "tasks.d"
    file.write_text("a")
    before = signature(file, folder)
    (tmp_path / "sentinel.log").write_text("a line")
    assert signature(file, folder) == before
    folder.mkdir()
    (folder / "10.yaml").write_text("- {id: a, plugin: ping}")
    assert signature(file, folder) != before


async def test_where_the_system_tells_nothing_files_are_looked_at(tmp_path, watched, caplog):
    """`plugins.reload_interval`: here the folder is not there yet, which cannot be watched; said once."""
    file = tmp_path / "later" / "config.yaml"
    seen = watched(file, interval=0.02)
    await until(lambda: caplog.records)
    file.parent.mkdir()
    file.write_text("a")
    await until(lambda: len(seen) == 1)
    file.write_text("ab")
    await until(lambda: len(seen) == 2)
    (record,) = caplog.records
    assert record.getMessage().endswith("checking every 20ms")


async def test_a_folder_that_comes_back_is_looked_at(tmp_path, watched):
    """A volume that was mounted again."""
    folder = tmp_path / "config"
    folder.mkdir()
    file = folder / "config.yaml"
    file.write_text("a")
    seen = watched(file, interval=0.05)
    await changed_until(file, seen, 1)
    file.unlink()
    folder.rmdir()
    await until(lambda: len(seen) >= 2)
    count = len(seen)
    folder.mkdir()
    file.write_text("b")
    await until(lambda: len(seen) > count)
