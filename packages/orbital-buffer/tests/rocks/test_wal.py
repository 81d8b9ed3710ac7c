"""Record headers of the write-ahead log, every bit of them flipped: it opens, and loses a block at most."""

from __future__ import annotations

import random
from shutil import copytree

import pytest

from orbital_buffer.store.rocks import wal
from orbital_buffer.store.rocks.port import Opening
from orbital_buffer.store.rocks.rocksdb import RocksStores
from orbital_buffer.store.rocks.wal import BLOCK, HEADER, checksum, mend

RECORDS = 90
SIZE = 1200


def key(number):
    return b"r" + number.to_bytes(8, "big")


def value(number):
    return random.Random(number).randbytes(SIZE)


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A log of some blocks, as a crash leaves it."""
    path = tmp_path_factory.mktemp("image")
    store = RocksStores().open(path / "live")
    for n in range(RECORDS):
        store.write([(key(n), value(n))])
    store.sync()
    copytree(path / "live", path / "db")
    store.close()
    return path / "db"


def headers(data):
    """Where the headers of a log are, by the type of their record."""
    found = {}
    for start in range(0, len(data), BLOCK):
        at = start
        while at + HEADER <= min(start + BLOCK, len(data)):
            found.setdefault(data[at + 6], []).append(at)
            at += HEADER + int.from_bytes(data[at + 4 : at + 6], "little")
    return found


def log_of(database):
    (log,) = database.glob("*.log")
    return log


def test_every_bit_of_a_header(image, process, tmp_path):
    """One flipped bit of the first, second, last or any piece of a record: it opens, and every record that is
    missing was in that block. A type that RocksDB would not get past is put right, and costs nothing.
    """
    data = log_of(image).read_bytes()
    by_type = headers(data)
    chosen = [*by_type[1][:2], by_type[1][-1], by_type[2][0], by_type[4][0]]
    for header in chosen:
        for bit in range(8 * HEADER):
            spoilt = bytearray(data)
            spoilt[header + bit // 8] ^= 1 << bit % 8
            missing, mended = opened(process, image, tmp_path / f"{header}-{bit}", spoilt)
            assert len(missing) * SIZE < 2 * BLOCK, (header, bit)
            if spoilt[header + 6] > 4:
                assert not missing, (header, bit)
                assert [m.offset for m in mended] == [header]
                assert "type" in mended[0].reason


@pytest.mark.parametrize("kind", [5, 6, 7, 8, 11, 131, 255])
def test_bytes_that_look_like_a_header(image, process, tmp_path, kind):
    """Rubbish behind the last record costs nothing, whatever type it seems to have."""
    data = log_of(image).read_bytes() + bytes.fromhex("00000000ffff") + bytes((kind,))
    missing, mended = opened(process, image, tmp_path / "db", data)
    assert not missing
    assert [m.offset for m in mended] == [len(data) - HEADER]


def test_a_whole_block_of_rubbish(image, process, tmp_path):
    """What is behind it is there."""
    data = bytearray(log_of(image).read_bytes())
    data[BLOCK : 2 * BLOCK] = random.Random(1).randbytes(BLOCK)
    missing, _ = opened(process, image, tmp_path / "db", data)
    assert len(missing) * SIZE < 2 * BLOCK
    assert RECORDS - 1 not in missing


def opened(stores, image, path, data):
    """Which records are missing of this log, and what was mended."""
    copytree(image, path)
    log_of(path).write_bytes(data)
    store = stores.open(path, Opening(lenient=True))
    there = dict(store.scan(b"r"))
    assert all(data == value(int.from_bytes(k[1:], "big")) for k, data in there.items())
    store.close()
    return [n for n in range(RECORDS) if key(n) not in there], store.mended


def test_a_linked_log_is_left_alone(image, tmp_path):
    """Who only looks at somebody's database mends a copy."""
    data = bytearray(log_of(image).read_bytes())
    data[headers(data)[1][1] + 6] = 5
    (tmp_path / "theirs").mkdir()
    for name, link in (("soft", "symlink_to"), ("hard", "hardlink_to")):
        theirs = tmp_path / "theirs" / f"{name}.log"
        theirs.write_bytes(data)
        (tmp_path / name).mkdir()
        getattr(tmp_path / name / "1.log", link)(theirs)
        assert len(mend(tmp_path / name)) == 1
        assert theirs.read_bytes() == data
        assert not mend(tmp_path / name)


def test_the_checksum_is_rocksdbs(image):
    """The masked CRC-32C of every record of a real log; of the RFC 3720 example, unmasked: 8A9136AA."""
    data = log_of(image).read_bytes()
    for at in headers(data)[1][:5]:
        length = int.from_bytes(data[at + 4 : at + 6], "little")
        assert checksum(data[at + 6 : at + 7 + length]) == int.from_bytes(
            data[at : at + 4], "little"
        )
    rotated = (checksum(bytes(32)) - wal._MASK) & 0xFFFFFFFF
    assert (rotated << 15 | rotated >> 17) & 0xFFFFFFFF == 0x8A9136AA
