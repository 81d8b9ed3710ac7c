"""The disk buffer: RocksDB, and all that keeps it honest."""
