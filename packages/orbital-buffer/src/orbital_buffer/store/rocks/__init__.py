"""RocksDB through rocksdict, used so that nothing is lost silently. All workarounds are in this folder.

Behaviour of RocksDB and rocksdict 0.3, and the module that deals with it:

* Every call but `flush_wal` holds the GIL while the disk is slow, and RocksDB can loop for ever in a damaged
  log. `process` opens the database in a separate process, which can be left waiting, or killed.
* Bugs of rocksdict's iterators, column families and repair: `rocksdb` lists them, and works around each.
* RocksDB never gets past some damaged headers of the write-ahead log. `wal` checks them before RocksDB does.
* All errors are plain exceptions. `errors` distinguishes damage from a failing disk by their text.
* A killed process may still have the database open. `folder` has a lock, and `process` waits for it.
* A truncated MANIFEST opens as an empty database, a truncated log as a shorter one. `checkpoint` records
  outside of the database how far it was written.
* A temporary read error looks like damage. `damage.recheck` reads the files first.
* Damaged tables stop every write and deletion. `damage.salvage` opens what can be opened, `damage.rebuild`
  makes a new database of it, and `damage.quarantine` keeps the damaged files.
* A failed write leaves the database read-only. `database` reopens it, after growing `pauses`.
* On a full disk nothing can be deleted. `space` reserves a ballast file that is released then.
* Records in memory are lost with the process. `crash_counts` keeps their counts where they survive a kill.

`database` combines these, `port` is the interface of one open database, and `contents` is what is read from
it at the start.
"""
