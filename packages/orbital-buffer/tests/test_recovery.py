"""What was damaged comes back out of the quarantine: each batch once, for the outputs that lost it."""

from __future__ import annotations

from itertools import chain, islice
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

import pytest

from orbital_buffer.buffer import disk_buffer
from orbital_buffer.format.stored import RECORD, number
from orbital_buffer.inspection.recovery.quarantined import QuarantineReader
from orbital_buffer.inspection.recovery.recovery import Recovery
from orbital_buffer.inspection.sources.directory import Directory
from orbital_buffer.model.errors import BufferFull, BufferUnusable
from orbital_buffer.model.position import REMEMBERED, Position
from orbital_runtime.clock import ManualClock
from orbital_runtime_testing.buffer.images import (
    BATCHES,
    DONE,
    ROWS,
    listing,
    make_image,
    values,
    verified,
)
from orbital_runtime_testing.buffer.tools import (
    IN_MEMORY,
    PLENTY,
    SMALL,
    UNLIMITED,
    balanced,
    crash_image,
)

NEEDED = {"a": list(range(DONE, BATCHES)), "b": list(range(BATCHES))}


@pytest.fixture
def tmp_path():
    with TemporaryDirectory(dir=IN_MEMORY) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    path = tmp_path_factory.mktemp("image") / "buffer"
    make_image(path)
    return path


async def opened(path):
    buffer = disk_buffer(path, UNLIMITED, ManualClock(), min_free=SMALL)
    await buffer.open()
    for output in NEEDED:
        buffer.attach(output)
    return buffer


def flip(file, *places):
    data = bytearray(file.read_bytes())
    for place in places:
        data[int(len(data) * place)] ^= 0x40
    file.write_bytes(data)


async def notice(path):
    """An agent meets the damage. Gives what each output has missing then."""
    buffer = await opened(path)
    missing = {}
    for output, needed in NEEDED.items():
        there = await times(buffer, output)
        missing[output] = sorted(set(needed).difference(there))
        assert buffer.ledger.account(output).dropped["quarantined"] == len(missing[output]) * ROWS
    try:
        buffer.store.database._store.compact(b"\0", b"\xff")
    except OSError as error:  # met by reading alone so far: the table is still in use
        buffer.store.database.recover(1, str(error))
    await buffer.close()
    return missing


async def times(buffer, output):
    """When what waits for it was collected; each has the values that it was collected with."""
    found = []
    chunks = []
    while chunk := await buffer.read(output, samples=PLENTY, size=PLENTY):
        chunks.append(chunk)
        for _, batch in chunk.entries:
            assert list(batch.values) == values(batch.ts)
            found.append(batch.ts)
    for chunk in chunks:
        buffer.release(chunk)
    return found


async def recover(path, output="", folder=None):
    with Directory(path, UNLIMITED) as live:
        aside = QuarantineReader(folder or path / "quarantine", live)
        buffer = await opened(path)
        recovery = Recovery(buffer.log, aside, output)
        await recovery.run()
        balanced(buffer)
        await buffer.close()
        return recovery


async def judge(path, missing):
    """All that was needed waits, each once, and the ledger says what came back, to the sample."""
    with Directory(path, UNLIMITED) as directory:
        assert verified(directory).good
    buffer = await opened(path)
    for output, needed in NEEDED.items():
        account = buffer.ledger.account(output)
        assert sorted(await times(buffer, output)) == needed
        assert account.recovered == account.dropped["quarantined"] == len(missing[output]) * ROWS
        assert account.accepted == BATCHES * ROWS + account.recovered
    balanced(buffer)
    await buffer.close()


def tables(path):
    return tables_of(path / "db")


def tables_of(database):
    return [file for file in sorted(database.glob("*.sst")) if file.stat().st_size > 4000]


def aside(path, name):
    """The damaged file, where it is kept now."""
    (found,) = path.glob(f"quarantine/*/{name}")
    return found


@pytest.mark.parametrize("place", [0.05, 0.3, 0.5, 0.7])
async def test_what_was_put_right_comes_back_once(image, tmp_path, place):
    """A bit flips in a table, and is put right in the quarantine: what was missing waits again, with its own
    times and for its own outputs; nothing comes twice, however often it is asked for.
    """
    path = tmp_path / "buffer"
    copytree(image, path)
    file = tables(path)[0]
    flip(file, place)
    missing = await notice(path)
    assert missing["b"]
    flip(aside(path, file.name), place)
    before = listing(path / "quarantine")
    recovery = await recover(path)
    assert recovery.samples == {o: len(lost) * ROWS for o, lost in missing.items() if lost}
    assert listing(path / "quarantine") == before
    await judge(path, missing)
    assert not (await recover(path)).samples
    assert not (await recover(path, "b")).samples


@pytest.mark.parametrize("places", [(0.05, 0.5), (0.5, 0.52), (0.3, 0.9)])
async def test_whatever_is_readable(image, tmp_path, places):
    """Of a whole database that an older version set aside, all that can be read comes to the output that is
    named, each batch once, also when it is asked for again.
    """
    path = tmp_path / "buffer"
    old = path / "quarantine" / "2026-01-01T000000.000000Z-database"
    copytree(image / "db", old)
    flip(tables_of(old)[0], *places)
    buffer = await opened(path)
    await buffer.close()
    assert not (await recover(path)).samples
    recovery = await recover(path, "b", Path(old.name))
    assert set(recovery.samples) <= {"b"}
    await recover(path, "b")
    buffer = await opened(path)
    there = await times(buffer, "b")
    assert there == sorted(set(there))
    assert len(there) == len(recovery.readable) > BATCHES // 4
    assert not await times(buffer, "a")
    balanced(buffer)
    await buffer.close()


class Cut(QuarantineReader):
    """Ends after some records, as a process does that is killed."""

    def parts(self):
        yield islice(chain.from_iterable(super().parts()), 5)


async def test_a_kill_in_the_middle(image, tmp_path):
    """What a kill leaves has each batch once: among what came back, or still to come."""
    path, killed = tmp_path / "buffer", tmp_path / "killed"
    copytree(image, path)
    file = tables(path)[0]
    flip(file, 0.05)
    missing = await notice(path)
    flip(aside(path, file.name), 0.05)
    with Directory(path, UNLIMITED) as live:
        buffer = await opened(path)
        recovery = Recovery(buffer.log, Cut(path / "quarantine", live), portion=ROWS)
        await recovery.run()
        crash_image(path, killed)
        await buffer.close()
    assert 0 < recovery.samples["b"] < len(missing["b"]) * ROWS
    await recover(killed)
    await judge(killed, missing)


async def test_single_records(image, tmp_path):
    """A record that was set aside by itself comes back when its file is put right, its labels from the live
    database; a file that stays damaged is told.
    """
    path = tmp_path / "buffer"
    copytree(image, path)
    buffer = await opened(path)
    record = buffer.store.index.records[-1]
    key = RECORD + number(record.first)
    good = buffer.store.database.get(key)
    buffer.store.database.write([(key, good[:-1] + b"x")], ())
    missing = {output: NEEDED[output][-2:] for output in NEEDED}
    assert {o: sorted(set(NEEDED[o]).difference(await times(buffer, o))) for o in NEEDED} == missing
    await buffer.close()
    (file,) = path.glob("quarantine/*.record")
    assert "wrong checksum" in (await recover(path)).quarantine.unreadable[0]
    file.write_bytes(good)
    assert (await recover(path)).samples == {"a": 2 * ROWS, "b": 2 * ROWS}
    await judge(path, missing)


async def test_labels_of_another_segment(image, tmp_path):
    """A number of a segment that was given again means other labels: a record without its own is left."""
    path = tmp_path / "buffer"
    copytree(image, path)
    buffer = await opened(path)
    records, database = buffer.store.index.records, buffer.store.database
    data = database.get(RECORD + number(records[0].first))
    await buffer.close()
    stray = (77 << 32) + 1
    (path / "quarantine").mkdir(exist_ok=True)
    (path / "quarantine" / f"2026-record-{stray}.record").write_bytes(data)
    recovery = await recover(path, "b")
    assert (len(recovery.unreadable), recovery.samples) == (2, {})


@pytest.mark.parametrize("name", ["db", "quarantine/gone", "../elsewhere"])
def test_only_its_own_quarantine(image, tmp_path, name):
    """Another folder's numbers mean other batches, so it is refused."""
    path = tmp_path / "buffer"
    copytree(image, path)
    (tmp_path / "elsewhere").mkdir()
    with Directory(path, UNLIMITED) as live, pytest.raises(BufferUnusable, match="quarantine"):
        QuarantineReader(path / name, live)


def test_stretches_are_few():
    """What an output remembers of its damage is bounded; the oldest is forgotten."""
    position = Position()
    position.mark_lost((n, n + 1) for n in range(0, 4 * REMEMBERED, 2))
    assert len(position.lost) == REMEMBERED
    assert position.lost.first == 2 * REMEMBERED


async def test_a_disk_without_room(image, tmp_path):
    """Nothing is brought back into memory alone: it is as lost as before, and comes when there is room."""
    path = tmp_path / "buffer"
    copytree(image, path)
    file = tables(path)[0]
    flip(file, 0.05)
    missing = await notice(path)
    flip(aside(path, file.name), 0.05)
    with Directory(path, UNLIMITED) as live:
        buffer = disk_buffer(path, UNLIMITED, ManualClock(), min_free=1 << 60)
        await buffer.open()
        recovery = Recovery(buffer.log, QuarantineReader(path / "quarantine", live))
        with pytest.raises(BufferFull):
            await recovery.run()
        assert not recovery.samples
        balanced(buffer)
        await buffer.close()
    buffer = await opened(path)
    assert not set(await times(buffer, "b")).intersection(missing["b"])
    await buffer.close()
    assert (await recover(path)).samples["b"] == len(missing["b"]) * ROWS
    buffer = await opened(path)
    account = buffer.ledger.account("b")
    assert sorted(await times(buffer, "b")) == NEEDED["b"]
    assert account.dropped["quarantined"] == account.recovered
    await buffer.close()
