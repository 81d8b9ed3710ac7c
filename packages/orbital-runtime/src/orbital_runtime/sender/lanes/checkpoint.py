"""How the requests of an output are cut, as the buffer notes it, and what of them is in doubt.

After a crash or a reload the same batches go out together again, under the same token, and what the
destination refuses of them because it has it counts as delivered (docs/decisions/0029).
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

Size: TypeAlias = tuple[int, int]
"""Rows, and bytes of values and times."""


class Checkpoint(msgspec.Struct, array_like=True, frozen=True):
    """Where lanes part, and how much of each to read at first. One that is out of date does no harm."""

    edge: int = 0
    fresh: Size | None = None
    backlog: Size | None = None
    doubtful: tuple[tuple[int, int], ...] = ()
    """Batches that the destination may have although they wait: as intervals, the second number excluded."""

    def note(self) -> bytes:
        """For the buffer."""
        return _encoder.encode(self)


_encoder: Final = msgspec.msgpack.Encoder()


def checkpoint_of(note: bytes) -> Checkpoint:
    """What a note says; nothing where it cannot be read."""
    try:
        return msgspec.msgpack.decode(note, type=Checkpoint) if note else Checkpoint()
    except msgspec.MsgspecError:
        return Checkpoint()
