"""What the writer needs of a server, whichever protocol it speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orbital_sdk import Batch
    from orbital_writer_clickhouse.block import Blocks


class Connection(Protocol):
    """One host. Every method raises what `Writer.write` raises, and `InsertRefused`."""

    in_python: bool
    """Whether it wants columns as Python's values."""

    def query(self, sql: str) -> Sequence[Sequence[str]]:
        """Rows of an answer that consists of texts."""
        ...

    def insert(self, blocks: Blocks, batches: Sequence[Batch], settings: Mapping[str, str]) -> int:
        """Store what of these batches goes into the table of `blocks`; gives the bytes that went out."""
        ...

    def touch(self, blocks: Blocks) -> None:
        """Insert no rows into the table of `blocks`: raises where rows would not be taken either."""
        ...

    def close(self) -> None:
        """Close it. Safe twice."""
        ...
