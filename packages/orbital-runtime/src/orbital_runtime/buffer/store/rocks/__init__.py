"""RocksDB through rocksdict."""
