"""RocksDB in this process, used such that nothing is lost silently.

Behaviour of rocksdict 0.3 that determines this module:

* It holds the GIL in every call but `flush_wal`: to continue while the disk is slow, use it in a separate
  process.
* `put(sync=True)` holds the GIL during the fsync; `flush_wal(True)` releases it. So: write, then flush.
* Iteration ends silently at a damaged block. So: `status()` after every loop.
* Bounds of iterators are swapped, and an iterator keeps the database locked after `close`. So: no bounds,
  and iterators are used only in this module.
* `repair` drops data in the write-ahead log of any column family but the default one. So: there is one
  column family, and keys begin with the kind of their value.
* Damage in the middle of the write-ahead log hides all that follows it. So: it is skipped on request, and
  what is missing is counted, as every commit has the whole state of the outputs that it changed. Otherwise it
  is an error: while skipping, RocksDB also treats temporary read errors as damage.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from rocksdict import (
    AccessType,
    BlockBasedOptions,
    DBCompressionType,
    DBRecoveryMode,
    Options,
    Rdict,
    WriteBatch,
)

from orbital_buffer.model.damage import Damaged
from orbital_buffer.store.rocks.errors import is_damage
from orbital_buffer.store.rocks.port import (
    PLAIN,
    PORTION,
    Opening,
    Pair,
    Portion,
    Store,
    Stores,
    Value,
)
from orbital_buffer.store.rocks.wal import mend

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from rocksdict import RdictIter

MEMTABLE: Final = 8 << 20
WAL: Final = 32 << 20
NUMBER: Final = 8
"""Bytes after the first one in keys among which a scan can skip damage."""


class RocksStores(Stores):
    """Opens databases in this process."""

    def open(self, path: Path, how: Opening = PLAIN) -> RocksStore:
        mended = mend(path)
        store = RocksStore(path, how)
        store.mended = mended
        return store

    def repair(self, path: Path, *, tolerant: bool = False) -> None:
        mend(path)
        try:
            Rdict.repair(str(path), _options())
        except Exception as error:
            raise OSError(_text(error)) from error
        if not tolerant and (trouble := _ignored(path / "LOG")):
            raise OSError(trouble)
        shutil.rmtree(path / "lost", ignore_errors=True)


class RocksStore(Store):
    """A database in this process. See `Stores.open`."""

    def __init__(self, path: Path, how: Opening = PLAIN) -> None:
        self._tolerant = how.tolerant
        options = _options()
        options.set_disable_auto_compactions(how.quiet)
        if how.lenient or how.read_only:
            options.set_wal_recovery_mode(DBRecoveryMode.skip_any_corrupted_record())
        access = AccessType.read_write()
        if how.read_only:
            access = AccessType.read_only(False)
            options.create_if_missing(False)
            options.set_max_open_files(-1)
            options.set_paranoid_checks(
                not how.quiet
            )  # otherwise one damaged table prevents opening
        try:
            self._db = Rdict(str(path), options, access_type=access)
        except Exception as error:
            raise OSError(_text(error)) from error

    def values(self, keys: Sequence[bytes]) -> list[Value]:
        values: list[Value] = []
        for key in keys:
            try:
                values.append(self._db.get(key))
            except Exception as error:
                text = _text(error)
                if is_damage(text):
                    values.append(Damaged(text))
                elif values:
                    break
                else:
                    raise OSError(text) from error
        return values

    def write(
        self, puts: Iterable[Pair], drops: Iterable[Pair] = (), deletes: Iterable[bytes] = ()
    ) -> None:
        batch = WriteBatch(raw_mode=True)
        for start, stop in drops:
            batch.delete_range(start, stop)
        for key, value in puts:
            batch.put(key, value)
        for key in deletes:
            batch.delete(key)
        try:
            self._db.write(batch)
        except Exception as error:
            raise OSError(_text(error)) from error

    def sync(self) -> None:
        try:
            self._db.flush_wal(True)
        except Exception as error:
            raise OSError(_text(error)) from error

    def portion(self, kind: bytes, start: bytes) -> Portion:
        pairs: list[Pair] = []
        last, size = start, 0
        walk = self._db.iter()
        try:
            walk.seek(start)
            while walk.valid() and (key := walk.key()).startswith(kind):
                if size >= PORTION:
                    return Portion(pairs, key, skipped=False)
                last, value = key, walk.value()
                pairs.append((key, value))
                size += len(key) + len(value)
                walk.next()
            whole = walk.valid() or self._fine(walk)
        finally:
            del walk
        if whole:
            return Portion(pairs, None, skipped=False)
        return Portion(pairs, self._behind(kind, last), skipped=True)

    def compact(self, start: bytes, stop: bytes) -> None:
        try:
            self._db.compact_range(start, stop)
        except Exception as error:
            raise OSError(_text(error)) from error

    def shut(self) -> None:
        try:
            self._db.close()
        except Exception as error:
            raise OSError(_text(error)) from error
        finally:
            del self._db  # otherwise it stays open and locked

    def _behind(self, kind: bytes, last: bytes) -> bytes | None:
        """The first key after the damaged block that follows `last`, by exponential, then binary search. It
        is always larger than `last`, so that a scan ends even if the results of reads change.
        """
        bad = int.from_bytes(last[1 : 1 + NUMBER].ljust(NUMBER, b"\0"), "big")
        end, step = (1 << 8 * NUMBER) - 1, 1
        while not self._readable(kind + min(bad + step, end).to_bytes(NUMBER, "big")):
            if bad + step >= end:
                return None
            step *= 2
        good = min(bad + step, end)
        low = bad + step // 2 + 1
        while low < good:
            middle = (low + good) // 2
            if self._readable(kind + middle.to_bytes(NUMBER, "big")):
                good = middle
            else:
                low = middle + 1
        return kind + good.to_bytes(NUMBER, "big") if good > bad else None

    def _readable(self, key: bytes) -> bool:
        walk = self._db.iter()
        try:
            walk.seek(key)
            return self._fine(walk)
        finally:
            del walk

    def _fine(self, walk: RdictIter) -> bool:
        """Whether the iteration ended after the last key, and not at damage.

        Raises:
            OSError: It ended at a read error of the disk.
        """
        try:
            walk.status()
        except Exception as error:
            text = _text(error)
            if self._tolerant or is_damage(text):
                return False
            raise OSError(text) from error
        return True


def _options() -> Options:
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_write_buffer_size(MEMTABLE)
    options.set_max_total_wal_size(WAL)
    options.set_compression_type(DBCompressionType.zstd())
    options.set_wal_recovery_mode(DBRecoveryMode.tolerate_corrupted_tail_records())
    options.set_max_open_files(64)
    table = BlockBasedOptions()
    table.set_bloom_filter(
        10, False
    )  # a key is found even if another table that might contain it is damaged
    options.set_block_based_table_factory(table)
    options.set_keep_log_file_num(2)
    options.set_max_log_file_size(1 << 20)
    return options


def _ignored(log: Path) -> str:
    """What a repair left out because of disk errors, which it reports only in its log."""
    lines = log.read_text("utf-8", "replace").splitlines()
    left = (line for line in lines if "ignoring" in line or "dropping" in line)
    return next((line for line in left if "IO error" in line and not is_damage(line)), "")


def _text(error: Exception) -> str:
    return " ".join(str(error).split())
