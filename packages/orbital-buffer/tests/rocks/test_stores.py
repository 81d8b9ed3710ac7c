"""Both stores keep the port's promises, and a scan ends whatever is damaged."""

from __future__ import annotations

import random

import pytest

from orbital_buffer.model.damage import Damaged
from orbital_buffer.store.rocks.port import PORTION, Opening


def key(number, kind=b"r"):
    return kind + number.to_bytes(8, "big")


def test_what_was_written_is_there(stores, tmp_path):
    """Puts, ranges and single deletions of one write, in that order of effect, also after a restart."""
    store = stores.open(tmp_path / "db")
    store.write([(key(n), b"%d" % n) for n in range(10)])
    store.write([(key(10), b"new")], [(key(2), key(5))], [key(9)])
    store.sync()
    kept = [(key(n), b"%d" % n) for n in (0, 1, 5, 6, 7, 8)] + [(key(10), b"new")]
    assert list(store.scan(b"r")) == kept
    assert (store.get(key(1)), store.get(key(3))) == (b"1", None)
    assert not list(store.scan(b"x"))
    store.compact(key(0), key(20))
    store.close()
    store = stores.open(tmp_path / "db", Opening(read_only=True))
    assert list(store.scan(b"r")) == kept
    store.close()


def test_a_scan_comes_in_portions(stores, tmp_path):
    """More than a portion is there to the last key, once each."""
    store = stores.open(tmp_path / "db")
    value = bytes(PORTION // 5)
    store.write([(key(n), value) for n in range(23)])
    assert [k for k, _ in store.scan(b"r")] == [key(n) for n in range(23)]
    assert len(store.portion(b"r", b"r").pairs) < 10
    store.close()


def test_errors_are_the_same_on_both_sides(stores, tmp_path):
    """A damaged block is `Damaged`, a folder that is none an `OSError` in words."""
    store = stores.open(tmp_path / "db")
    store.write([(key(n), random.Random(n).randbytes(1000)) for n in range(100)])
    store.close()
    stores.open(tmp_path / "db").close()
    (table,) = (tmp_path / "db").glob("*.sst")
    spoil(table, 0.5)
    store = stores.open(tmp_path / "db", Opening(quiet=True))
    outcomes = []
    for n in range(100):
        try:
            outcomes.append(store.get(key(n)) is not None)
        except Damaged as error:
            outcomes.append(str(error))
    assert any("Corruption" in str(one) for one in outcomes)
    assert outcomes.count(True) > 80
    together = store.values([key(n) for n in range(100)])
    assert [str(v) if isinstance(v, Damaged) else v is not None for v in together] == outcomes
    there = [k for k, _ in store.scan(b"r")]
    assert store.skipped
    assert there == [key(n) for n in range(100) if outcomes[n] is True]
    store.close()
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match="File exists"):
        stores.open(tmp_path / "file")


def spoil(file, part):
    data = bytearray(file.read_bytes())
    data[int(len(data) * part)] ^= 0x10
    file.write_bytes(data)


@pytest.mark.parametrize("start", [50, 51, 52])
def test_a_scan_always_advances(stores, tmp_path, start):
    """A deleted range begins behind the last key that can be read, in a block that cannot: RocksDB finds what
    is behind the range from the range on, and not from that key. The scan goes on there, and ends.
    """
    value = {n: random.Random(n).randbytes(1500) for n in range(150)}
    store = stores.open(tmp_path / "db")
    store.write([(key(n), value[n]) for n in range(150)])
    store.close()
    store = stores.open(tmp_path / "db")
    store.write([], [(key(start), key(100))])
    store.close()
    table = min((tmp_path / "db").glob("*.sst"))
    data = bytearray(table.read_bytes())
    data[data.index(value[start])] ^= 1
    table.write_bytes(data)
    store = stores.open(tmp_path / "db", Opening(read_only=True))
    at, seen = b"r", []
    while at is not None:
        pairs, following, _ = store.portion(b"r", at)
        seen += [k for k, _ in pairs]
        assert following is None or following > (pairs[-1][0] if pairs else at)
        at = following
    left = [n for n in range(150) if not start <= n < 100]
    assert set(map(key, left[: start - 3] + left[start:])) <= set(seen) <= set(map(key, left))
    assert seen == sorted(set(seen))
    store.close()
