"""Both stores keep the port's promises, and a scan ends whatever is damaged."""

from __future__ import annotations

import random
from shutil import copytree

import pytest

from orbital_runtime.storage.errors import Damaged
from orbital_runtime.storage.port import PORTION
from orbital_runtime.storage.rocks import RocksStores


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
    store = stores.open(tmp_path / "db", read_only=True)
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
    store = stores.open(tmp_path / "db", quiet=True)
    outcomes = []
    for n in range(100):
        try:
            outcomes.append(store.get(key(n)) is not None)
        except Damaged as error:
            outcomes.append(str(error))
    assert any("Corruption" in str(one) for one in outcomes)
    assert outcomes.count(True) > 80
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


def test_a_scan_always_advances(tmp_path):
    """Whatever bits of tables are flipped: each portion begins behind all keys of the one before it, so a
    scan ends, and what it gives is what was written.
    """
    stores, written = RocksStores(), {}
    store = stores.open(tmp_path / "image")
    dice = random.Random(4)
    for n in range(240):
        written |= {key(n): dice.randbytes(400), b"oprometheus-%d" % (n % 7): dice.randbytes(50)}
        store.write([(k, written[k]) for k in (key(n), b"oprometheus-%d" % (n % 7))])
        if n % 60 == 45:
            store.write([], [(key(n - 30), key(n - 5))])
        if n % 80 == 79:
            store._db.flush()
    store.close()
    for turn in range(40):
        copytree(tmp_path / "image", tmp_path / str(turn))
        tables = sorted((tmp_path / str(turn)).glob("*.sst"))
        for _ in range(3):
            spoil(dice.choice(tables), dice.random())
        try:
            store = stores.open(tmp_path / str(turn), read_only=True)
        except OSError:
            continue
        for kind in (b"r", b"o", b"m"):
            follow(store, kind, written)
        store.close()


def follow(store, kind, written):
    start = last = kind
    while start is not None:
        pairs, following, _ = store.portion(kind, start)
        assert all(k >= start and (k.startswith(b"o") or written[k] == v) for k, v in pairs)
        last = pairs[-1][0] if pairs else last
        assert following is None or following > max(start, last)
        start = following
