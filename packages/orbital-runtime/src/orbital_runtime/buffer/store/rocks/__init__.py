"""RocksDB through rocksdict, used so that nothing is lost quietly. All that this takes is in this folder.

What RocksDB and rocksdict 0.3 do, and what answers it:

* Every call but `flush_wal` keeps the GIL while the disk is slow, and RocksDB can loop for ever in a damaged
  log. `process` has the database open in a process of its own, which can be left waiting, or killed.
* Faults of rocksdict's iterators, column families and repair: `rocksdb` says them, and works around each.
* Some damaged headers of the write-ahead log are never got past. `wal` looks at them before RocksDB does.
* All errors are plain exceptions. `errors` tells damage from a disk that fails by their text.
* A process that was killed may have the database open still. `folder` has a lock, and `process` waits for it.
* Half a MANIFEST opens as an empty database, a cut log as if nothing had followed. `checkpoint` notes outside
  of the database how far it had come.
* What a disk does not give now looks as if it were damaged. `damage.second_look` reads the files first.
* Damaged tables stop every write and cannot be deleted from. `damage.salvage` opens what can be opened,
  `damage.rebuild` makes another database of it, and `damage.quarantine` keeps what is damaged.
* A write that failed leaves the database read-only. `database` opens it anew, after `pauses` that grow.
* A full disk cannot be deleted from. `space` keeps a ballast that is given up then.
* What only memory had is gone with the process. `crash_counts` keeps its counts where a kill does not reach.

`database` puts these together, `port` is what is asked of one open database, and `contents` what is read of
it at the start.
"""
