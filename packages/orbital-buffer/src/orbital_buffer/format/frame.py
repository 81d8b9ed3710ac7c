"""The frame of everything that is stored: `crc32 | version`, and compression."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final, cast

import snappy  # pyright: ignore[reportMissingTypeStubs] (it ships none)

from orbital_buffer.model.damage import Damaged

if TYPE_CHECKING:
    from collections.abc import Callable

_CRC: Final = 4

compress = cast("Callable[[bytes], bytes]", snappy.compress)  # pyright: ignore[reportUnknownMemberType] (as above)
_uncompress = cast("Callable[[bytes | memoryview], bytes]", snappy.uncompress)  # pyright: ignore[reportUnknownMemberType] (as above)


def seal(version: int, *parts: bytes) -> bytes:
    """Prefix parts with a version and a checksum."""
    body = b"".join((bytes((version,)), *parts))
    return zlib.crc32(body).to_bytes(_CRC, "little") + body


def unseal(version: int, data: bytes) -> memoryview:
    """The content that was given to `seal`.

    Raises:
        Damaged: Too short, a wrong checksum, or an unknown version.
    """
    body = memoryview(data)[_CRC:]
    if not body:
        raise Damaged(f"only {len(data)} bytes")
    if zlib.crc32(body) != int.from_bytes(data[:_CRC], "little"):
        raise Damaged("wrong checksum")
    if body[0] != version:
        raise Damaged(f"version {body[0]}, this program reads version {version}")
    return body[1:]


def uncompress(data: bytes | memoryview) -> bytes:
    """The inverse of `compress`.

    Raises:
        Damaged: It cannot be uncompressed.
    """
    try:
        return _uncompress(data)
    except Exception as error:
        raise Damaged(f"cannot be uncompressed: {error}") from error
