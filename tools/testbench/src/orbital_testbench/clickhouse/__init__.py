"""ClickHouse for tests: the real engine (chdb-core) behind its two wire protocols, in a process of its own.

chdb-core is the whole engine as a library, but it cannot listen. So HTTP and the native protocol are spoken
here (`http.py`, `native.py`) and statements and blocks are handed to the engine (`engine.py`). What is
stored, refused and deduplicated is ClickHouse's doing; logging in is not: see `engine.USERS`.
"""

from orbital_testbench.clickhouse.server import ClickHouse, FullServer, StatementError

__all__ = ["ClickHouse", "FullServer", "StatementError"]
