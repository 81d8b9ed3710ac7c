"""How the requests of an output are cut, as the buffer notes it: after a crash or a reload the same batches
go out together again, under the same token.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

Size: TypeAlias = tuple[int, int]
"""Rows, and bytes of values and times."""


class Cut(msgspec.Struct, array_like=True, frozen=True):
    """Where lanes part, and how much of each to read at first. One that is out of date does no harm."""

    edge: int = 0
    fresh: Size | None = None
    backlog: Size | None = None

    def note(self) -> bytes:
        """For the buffer."""
        return _encoder.encode(self)


_encoder: Final = msgspec.msgpack.Encoder()


def cut_of(note: bytes) -> Cut:
    """What a note says; nothing where it cannot be read."""
    try:
        return msgspec.msgpack.decode(note, type=Cut) if note else Cut()
    except msgspec.MsgspecError:
        return Cut()
