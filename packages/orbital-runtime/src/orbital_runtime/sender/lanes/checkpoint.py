"""Request boundaries and doubtful batches of an output, saved in the buffer.

After a crash or a reload the same batches are sent together under the same token, and those that the
destination refuses because it has them count as delivered (docs/decisions/0029).
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

Size: TypeAlias = tuple[int, int]
"""Rows, and bytes of values and times."""


class Checkpoint(msgspec.Struct, array_like=True, frozen=True):
    """Boundary between the lanes, and the size of the first request of each. An outdated one is harmless."""

    edge: int = 0
    fresh: Size | None = None
    backlog: Size | None = None
    doubtful: tuple[tuple[int, int], ...] = ()
    """Waiting batches that the destination may have stored, as half-open intervals."""

    def note(self) -> bytes:
        """Encode it for the buffer."""
        return _encoder.encode(self)


_encoder: Final = msgspec.msgpack.Encoder()


def checkpoint_of(note: bytes) -> Checkpoint:
    """Decode a note; an empty checkpoint if it cannot be read."""
    try:
        return msgspec.msgpack.decode(note, type=Checkpoint) if note else Checkpoint()
    except msgspec.MsgspecError:
        return Checkpoint()
