"""`verify` and `export` on the folder of a stopped agent: every kind of file damaged in every way."""

from __future__ import annotations

import os
from contextlib import contextmanager
from shutil import copytree

import pytest

from orbital_buffer.buffer import disk_buffer
from orbital_buffer.format.letter import DeadLetter
from orbital_buffer.format.stored import (
    LAYOUT,
    LETTER,
    OUTPUT,
    RECORD,
    SUMMARY,
    State,
    Summary,
    pack,
    unpack,
)
from orbital_buffer.inspection.snapshot import ATTACHED
from orbital_buffer.inspection.sources.directory import Directory
from orbital_buffer.model.errors import BufferUnusable
from orbital_buffer.store.rocks.rocksdb import RocksStore
from orbital_runtime.clock import ManualClock
from orbital_runtime_testing.buffer.images import (
    BATCHES,
    DONE,
    ROWS,
    exported,
    listing,
    make_image,
    values,
    verified,
)
from orbital_runtime_testing.buffer.tools import SMALL, UNLIMITED, take
from orbital_sdk.testing import make_batch, make_layout

from .conftest import flip, halve

WAITING = {"a": set(range(DONE, BATCHES)), "b": set(range(BATCHES))}


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A buffer that is well."""
    path = tmp_path_factory.mktemp("verify") / "buffer"
    make_image(path)
    return path


@pytest.fixture
def folder(image, tmp_path):
    """A copy to damage."""
    return copytree(image, tmp_path / "buffer")


def remove(file):
    file.unlink()


KINDS = ["db/*.sst", "db/*.log", "db/MANIFEST-*", "db/CURRENT", "db/OPTIONS-*", "db/IDENTITY",
         "db/rocksdict-config.json", "checkpoint.*", "format", "lock"]  # fmt: skip
DAMAGES = [flip(0.2), flip(0.5), flip(1.0), halve, remove]


def test_a_sound_buffer_is_ok(image):
    """Nothing differs, the ledger of each output is counted from the records, and no file is touched."""
    before = listing(image)
    with Directory(image, UNLIMITED) as directory:
        verdict = verified(directory)
        assert {o: set(exported(directory, o)) for o in WAITING} == WAITING
    assert verdict.findings == []
    assert (verdict.batches, verdict.samples) == (BATCHES, BATCHES * ROWS)
    waiting = {account.name: account.waiting for account in verdict.outputs}
    assert waiting == {name: len(batches) * ROWS for name, batches in WAITING.items()}
    assert {account.state for account in verdict.outputs} == {ATTACHED}
    assert listing(image) == before


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_told_or_did_no_harm(image, tmp_path, kind, damage):
    """Where `verify` says OK, all that waits can be read as it was written; what is read is never wrong; and
    looking changes nothing.
    """
    for index, file in enumerate(sorted(image.glob(kind))):
        if not file.stat().st_size and damage is not remove:
            continue
        path = copytree(image, tmp_path / str(index))
        damage(path / file.relative_to(image))
        before = listing(path)
        with Directory(path, UNLIMITED) as directory:
            verdict = verified(directory)
            for output, waiting in WAITING.items():
                found = exported(directory, output)
                assert all(found[ts] == values(ts) for ts in found)
                assert set(found) == waiting or verdict.findings
        assert listing(path) == before


@pytest.mark.parametrize("kind", ["db/*.sst", "db/CURRENT", "checkpoint.*", "format"])
def test_a_flipped_byte_is_found(image, tmp_path, kind):
    """In the middle of a table, in CURRENT, in each checkpoint and in the format line."""
    for index, file in enumerate(sorted(image.glob(kind))):
        path = copytree(image, tmp_path / str(index))
        flip(0.4)(path / file.relative_to(image))
        with Directory(path, UNLIMITED) as directory:
            assert verified(directory).findings, file


@contextmanager
def as_somebody_else():
    """Root may read everything, so it becomes nobody for a while."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize("closed", [".", "db", "lock"])
def test_what_may_not_be_read_is_said(folder, closed):
    """The folder, its database or its lock belong to somebody else: a sentence, no traceback, no damage."""
    (folder / closed).chmod(0)
    for parent in folder.parents[:3]:
        parent.chmod(0o755)
    try:
        with as_somebody_else(), pytest.raises(BufferUnusable, match=str(folder)):
            Directory(folder, UNLIMITED)
    finally:
        (folder / closed).chmod(0o700)


def tampered(folder, change):
    """What `verify` finds after this was done to the database."""
    store = RocksStore(folder / "db")
    puts, drops = change(store)
    store.write(puts, drops)
    store.close()
    with Directory(folder, UNLIMITED) as directory:
        return verified(directory).findings


def first_of(store, kind):
    return next(iter(store.scan(kind)))


def test_a_wrong_count_is_found(folder):
    """A ledger that has seven samples more than there are: the equation is told, and by how much."""

    def change(store):
        key = OUTPUT + b"a"
        state = unpack(State, store.get(key))
        return [(key, pack(_with(state, accepted=state.accepted + 7)))], ()

    assert any("7 are missing" in finding for finding in tampered(folder, change))


def test_a_missing_record_is_found(folder):
    """Its summary is there and its bytes are not."""

    def change(store):
        key, _ = first_of(store, RECORD)
        return (), [(key, key + b"\0")]

    found = tampered(folder, change)
    assert any("not in the database any more" in finding for finding in found)
    assert any(f"{2 * ROWS} are missing" in finding for finding in found)


def test_a_missing_summary_is_found(folder):
    """Nobody would deliver that record, and the outputs need its batches."""

    def change(store):
        key, _ = first_of(store, SUMMARY)
        return (), [(key, key + b"\0")]

    found = tampered(folder, change)
    assert any("1 records have no summary" in finding for finding in found)
    assert any("which are not there" in finding for finding in found)


def test_a_missing_layout_is_found(folder):
    """Its samples have no names any more: told once, with the record that needs it."""

    def change(store):
        key, _ = first_of(store, LAYOUT)
        return (), [(key, key + b"\0")]

    found = [finding for finding in tampered(folder, change) if "layout" in finding]
    assert len(found) == 1
    assert "needs it" in found[0]


def test_records_that_overlap_are_found(folder):
    """A number that is given twice would be delivered twice."""

    def change(store):
        key, data = first_of(store, SUMMARY)
        summary = unpack(Summary, data)
        longer = _with(summary, counts=[*summary.counts, 1])
        return [(key, pack(longer))], ()

    assert any("begins inside of" in finding or "other batches" in finding
               for finding in tampered(folder, change))  # fmt: skip


def _with(struct, **changes):
    fields = {field: getattr(struct, field) for field in struct.__struct_fields__}
    return type(struct)(**(fields | changes))


async def with_letters(path, count):
    """A buffer with this many dead letters, and its folder after the stop."""
    buffer = disk_buffer(path, UNLIMITED, ManualClock(), min_free=SMALL)
    await buffer.open()
    buffer.attach("a")
    batch = make_batch(values(1), ts=1, layout=make_layout(ROWS))
    await buffer.append([batch])
    chunk = await take(buffer, "a")
    origin, seq = batch.layout.origin, chunk.entries[0].seq
    letters = [
        DeadLetter(
            "a", ManualClock().utc_ms(), origin, batch.layout.rows[row], 1.0, 1, "no", seq=seq
        )
        for row in range(count)
    ]
    await buffer.acknowledge(chunk, letters=letters)
    books = buffer.inspection.books()
    await buffer.close()
    return books


async def test_dead_letters_are_counted(tmp_path):
    """Each one is read; where one is gone without a reason, that is a difference."""
    books = await with_letters(tmp_path / "buffer", 3)
    assert (books.outputs[0].dead_lettered, books.outputs[0].letters) == (3, 3)
    with Directory(tmp_path / "buffer", UNLIMITED) as directory:
        verdict = verified(directory)
        assert verdict.findings == []
        assert (verdict.outputs[0].delivered, verdict.outputs[0].letters) == (ROWS - 3, 3)

    def change(store):
        key, _ = first_of(store, LETTER)
        return (), [(key, key + b"\0")]

    found = "\n".join(tampered(tmp_path / "buffer", change))
    assert "3 were dead-lettered, but 2 dead letters are kept" in found
    assert "1 are missing" in found


async def test_a_damaged_dead_letter_is_found(tmp_path):
    """Its checksum is wrong."""
    await with_letters(tmp_path / "buffer", 3)

    def change(store):
        key, data = first_of(store, LETTER)
        return [(key, data[:-1] + b"?")], ()

    found = tampered(tmp_path / "buffer", change)
    assert any("1 of the dead letters are damaged" in finding for finding in found)
