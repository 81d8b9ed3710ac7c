"""What `DiskStore` takes beside its folder, limits and clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from orbital_buffer.store.rocks.port import Stores


class DiskOptions(TypedDict, total=False):
    """Described at `DiskStore`."""

    sync: Literal["always", "interval"]
    sync_interval: float
    min_free: int
    memory: int
    tick: float
    patience: float
    retry: float
    stores: Stores | None
