"""Every kind of file that the disk buffer keeps, damaged in every way: nothing is lost quietly."""

from __future__ import annotations

import asyncio
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

import pytest

from orbital_buffer.buffer import disk_buffer
from orbital_buffer.inspection.sources.directory import Directory
from orbital_buffer.model.errors import BufferUnreadable
from orbital_buffer.model.limits import BufferLimits
from orbital_runtime.clock import ManualClock
from orbital_runtime_testing.buffer.images import verified
from orbital_runtime_testing.buffer.tools import IN_MEMORY, PLENTY, SMALL, balanced, refused
from orbital_sdk.testing import make_batch, make_layout

from .conftest import flip, halve

UNLIMITED = BufferLimits(samples=None, size=None)
ROWS = 60
NEEDED = {"a": set(range(40, 120)), "b": set(range(120))}


def values(ts):
    return [(ts * 7919 + i * 104729) % 10007 / 977 for i in range(ROWS)]


async def write(buffer, start, stop):
    layout = make_layout(ROWS)
    for ts in range(start, stop, 2):
        await buffer.append([make_batch(values(t), ts=t, layout=layout) for t in range(ts, ts + 2)])


async def make_image(path):
    """Tables of two runs, a write-ahead log behind them, one output half done, one not begun."""
    for start in (0, 60):
        buffer = disk_buffer(path / "live", UNLIMITED, ManualClock(), min_free=SMALL)
        await buffer.open()
        buffer.attach("a")
        buffer.attach("b")
        await write(buffer, start, start + 40)
        buffer.store.database._store._db.flush()
        await write(buffer, start + 40, start + 60)
        if start == 0:
            chunk = await buffer.read("a", samples=40 * ROWS, size=PLENTY)
            await buffer.acknowledge(chunk, letters=refused(chunk, 700))
            buffer.store.database._store._db.flush()
            await buffer.close()
    copytree(path / "live", path / "image")
    await buffer.close()


@pytest.fixture
def tmp_path():
    with TemporaryDirectory(dir=IN_MEMORY) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A buffer as a crash leaves it."""
    path = tmp_path_factory.mktemp("image")
    asyncio.run(make_image(path))
    return path / "image"


def cut_tail(file):
    file.write_bytes(file.read_bytes()[:-7])


def empty(file):
    file.write_bytes(b"")


def remove(file):
    file.unlink()


KINDS = ["db/*.sst", "db/*.log", "db/MANIFEST-*", "db/CURRENT", "db/OPTIONS-*", "db/IDENTITY",
         "db/rocksdict-config.json", "db/LOG", "db/LOCK", "checkpoint.*", "format", "lock"]  # fmt: skip
DAMAGES = [flip(0.0), flip(0.1), flip(0.5), flip(0.9), flip(1.0), halve, cut_tail, empty, remove]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda d: d.__name__)
@pytest.mark.parametrize("kind", KINDS)
async def test_it_opens_and_counts(image, tmp_path, kind, damage):
    """What is missing is counted as `quarantined`; all else comes as it was; new samples are taken."""
    for index, file in enumerate(sorted(image.glob(kind))):
        if file.stat().st_size or damage is remove:
            path = tmp_path / str(index)
            copytree(image, path)
            damage(path / file.relative_to(image))
            await judge(path)


async def judge(path):
    buffer = disk_buffer(path, UNLIMITED, ManualClock(), min_free=SMALL)
    await buffer.open()
    try:
        for output, needed in NEEDED.items():
            buffer.attach(output)
            seen = await read_all(buffer, output)
            missing = len(needed - set(seen)) * ROWS
            account = buffer.ledger.account(output)
            assert seen == sorted(set(seen)), "in order, each once"
            assert missing <= account.dropped["quarantined"], (output, account)
            assert account.dropped.total() == account.dropped["quarantined"]
        for letter in await buffer.dead_letters.list():
            assert letter.value in values(letter.ts)
        balanced(buffer)
        await write(buffer, 200, 202)
        for output in NEEDED:
            assert (await read_all(buffer, output))[-2:] == [200, 201]
        balanced(buffer)
    finally:
        await buffer.close()
    await reopens(path)


async def reopens(path):
    """The damage is dealt with: the next start finds nothing wrong."""
    buffer = disk_buffer(path, UNLIMITED, ManualClock(), min_free=SMALL)
    await buffer.open()
    before = {o: dict(a.dropped) for o, a in buffer.ledger.accounts().items()}
    for output in NEEDED:
        assert (await read_all(buffer, output))[-2:] == [200, 201]
    assert {o: dict(a.dropped) for o, a in buffer.ledger.accounts().items()} == before
    await buffer.close()


async def read_all(buffer, output):
    """Everything that waits, its values checked; it is put back."""
    chunks = []
    while (chunk := await read(buffer, output)) is not None:
        chunks.append(chunk)
    for chunk in chunks:
        buffer.release(chunk)
    entries = [entry for chunk in chunks for entry in chunk.entries]
    for entry in entries:
        assert list(entry.batch.values) == values(entry.batch.ts)
    return [entry.batch.ts for entry in entries]


async def read(buffer, output):
    """As an output does, which tries again where the database is just being opened anew."""
    while True:
        try:
            return await buffer.read(output, samples=PLENTY, size=PLENTY)
        except BufferUnreadable:
            await asyncio.sleep(0.01)


async def test_damage_in_the_middle_of_the_log_costs_its_own_place(tmp_path):
    """RocksDB's default would hide everything behind it; here only the batches of that block are missing."""
    buffer = disk_buffer(tmp_path / "buffer", UNLIMITED, ManualClock(), min_free=SMALL)
    await buffer.open()
    buffer.attach("b")
    await write(buffer, 0, 1000)
    copytree(tmp_path / "buffer", tmp_path / "copy")
    await buffer.close()
    log = max((tmp_path / "copy/db").glob("*.log"), key=lambda file: file.stat().st_size)
    flip(0.5)(log)
    buffer = disk_buffer(tmp_path / "copy", UNLIMITED, ManualClock(), min_free=SMALL)
    await buffer.open()
    seen = await read_all(buffer, "b")
    assert 0 < 1000 - len(seen) < 150
    assert (seen[0], seen[-1]) == (0, 999)
    assert buffer.ledger.account("b").dropped == {"quarantined": ROWS * (1000 - len(seen))}
    balanced(buffer)
    await buffer.close()


async def test_what_cannot_be_opened_is_kept(image, tmp_path):
    """What is damaged of a database that RocksDB refuses is in the quarantine, with the reason beside it; the
    tables, which are whole, are in use and take no room twice.
    """
    copytree(image, tmp_path / "buffer")
    (tmp_path / "buffer/db/CURRENT").write_bytes(b"")
    buffer = disk_buffer(tmp_path / "buffer", UNLIMITED, ManualClock(), min_free=SMALL)
    await buffer.open()
    assert await read_all(buffer, "b") == sorted(NEEDED["b"])
    await buffer.close()
    (moved,) = (tmp_path / "buffer/quarantine").glob("*-database")
    assert (moved / "CURRENT").read_bytes() == b""
    assert not list(moved.glob("*.sst"))
    assert "CURRENT" in moved.with_suffix(".json").read_text()


@pytest.mark.parametrize("part", [0.0, 0.2, 0.5, 0.8, 0.95])
async def test_a_shortened_manifest_costs_nothing(image, tmp_path, part):
    """RocksDB would open with what it still names, and delete the other tables; here all of them are read."""
    copytree(image, tmp_path / "buffer")
    (manifest,) = (tmp_path / "buffer/db").glob("MANIFEST-*")
    data = manifest.read_bytes()
    manifest.write_bytes(data[: int(len(data) * part)])
    buffer = disk_buffer(tmp_path / "buffer", UNLIMITED, ManualClock(), min_free=SMALL)
    await buffer.open()
    for output, needed in NEEDED.items():
        assert await read_all(buffer, output) == sorted(needed)
        assert not buffer.ledger.account(output).dropped
    assert buffer.dead_letters.count() == 700
    await buffer.close()


async def test_a_log_that_held_the_start_for_ever_costs_nothing(image, tmp_path):
    """RocksDB never gets past a record whose type became another one (one bit), nor past seven bytes of
    rubbish: the type is put right, and what was there is in the quarantine. Who only looks changes nothing.
    """
    copytree(image, tmp_path / "buffer")
    log = max((tmp_path / "buffer/db").glob("*.log"), key=lambda file: file.stat().st_size)
    data = bytearray(log.read_bytes())
    second = 7 + int.from_bytes(data[4:6], "little")
    data[second + 6] ^= 4
    log.write_bytes(data + bytes.fromhex("00000000ffff05"))
    with Directory(tmp_path / "buffer", UNLIMITED) as directory:
        verdict = verified(directory)
        assert verdict.samples == len(NEEDED["b"]) * ROWS
        assert any("type 5" in finding for finding in verdict.findings)
    assert log.read_bytes()[second + 6] == data[second + 6]
    buffer = disk_buffer(tmp_path / "buffer", UNLIMITED, ManualClock(), min_free=SMALL)
    await buffer.open()
    for output, needed in NEEDED.items():
        assert await read_all(buffer, output) == sorted(needed)
        assert not buffer.ledger.account(output).dropped
    await buffer.close()
    kept = (tmp_path / "buffer/quarantine").glob(f"*-{log.name}-*.record")
    assert bytes(data[:1000]) in {file.read_bytes()[:1000] for file in kept}


async def test_one_damage_is_one_quarantine(tmp_path):
    """RocksDB meets a damaged block while it compacts, and refuses the next write: the database is rebuilt
    once, though the upkeep looks all the time meanwhile.
    """
    path = tmp_path / "buffer"
    for _ in range(2):  # the log of the first run is a table in the second one
        buffer = await opened(path)
        await write(buffer, 0, 200)
        await buffer.close()
    flip(0.5)(max((path / "db").glob("*.sst"), key=lambda file: file.stat().st_size))
    buffer = await opened(path)
    buffer.store.database._store.compact(b"\0", b"\xff")
    writing, looks = asyncio.create_task(write(buffer, 200, 202)), []
    while not writing.done():
        looks.append(asyncio.create_task(buffer.store.look(1)))
        await asyncio.sleep(0.001)
    await asyncio.gather(writing, *looks)
    assert not buffer.usage().trouble
    await buffer.close()
    assert len(list((path / "quarantine").glob("*-database"))) == 1


async def opened(path):
    buffer = disk_buffer(path, UNLIMITED, ManualClock(), min_free=SMALL)
    await buffer.open()
    buffer.attach("b")
    return buffer
