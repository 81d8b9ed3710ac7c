"""The compression of a request taken off, within bounds: a few bytes may become a gigabyte."""

from __future__ import annotations

from typing import Final

import cramjam

from orbital_remote_write.malformed import MalformedRequestError

_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_FULL: Final = "whole buffer"
"""Of cramjam's words where more comes out than there is room for."""
_FIRST_GUESS: Final = 16
"""How many times as large a zstd frame becomes that does not say it."""


class RequestTooLargeError(ValueError):
    """It becomes more bytes than are taken."""


class UnknownEncodingError(ValueError):
    """It is compressed in a way that is not known here."""


def decompressed(body: bytes, coding: str, limit: int) -> bytes:
    """A write request as protobuf has it.

    Args:
        body: As it came.
        coding: Of the header `Content-Encoding`; empty is snappy, as remote write 1.0 has no other.
        limit: Bytes that it may become.

    Raises:
        MalformedRequestError, RequestTooLargeError, UnknownEncodingError
    """
    match coding.strip().lower():
        case "" | "snappy":
            return _snappy(body, limit)
        case "zstd":
            return _zstd(body, limit)
        case _:
            raise UnknownEncodingError(f"content-encoding {coding[:40]!r}: use snappy or zstd")


def _snappy(body: bytes, limit: int) -> bytes:
    """The block format, which begins with its size as a varint (google/snappy, format_description.txt)."""
    _within(_varint(body), limit)
    try:
        return bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError as error:
        raise MalformedRequestError("the body is not a snappy block") from error


def _zstd(body: bytes, limit: int) -> bytes:
    size = _frame_size(body)
    if size is not None:
        return _zstd_into(body, _within(size, limit))
    guess = min(limit, _FIRST_GUESS * len(body))
    while True:
        try:
            return _zstd_into(body, guess)
        except RequestTooLargeError:
            if guess == limit:
                raise
            guess = min(limit, 4 * guess)


def _zstd_into(body: bytes, size: int) -> bytes:
    out = bytearray(size)
    try:
        written = cramjam.zstd.decompress_into(body, out)
    except cramjam.DecompressionError as error:
        if _FULL in str(error):
            raise RequestTooLargeError(f"the body becomes more than {size} bytes") from error
        raise MalformedRequestError("the body is not zstd") from error
    return bytes(memoryview(out)[:written])


def _frame_size(body: bytes) -> int | None:
    """Bytes of the content, where the frame's header says it (RFC 8878, 3.1.1.1)."""
    if body[:4] != _ZSTD or len(body) < 6:
        raise MalformedRequestError("the body is not zstd")
    descriptor = body[4]
    single, flag = descriptor >> 5 & 1, descriptor >> 6
    at = 5 + (0 if single else 1) + (0, 1, 2, 4)[descriptor & 3]
    length = (single, 2, 4, 8)[flag]
    if not length:
        return None
    size = int.from_bytes(body[at : at + length], "little")
    return size + 256 if length == 2 else size


def _varint(body: bytes) -> int:
    number = 0
    for at, byte in enumerate(body[:5]):
        number |= (byte & 127) << 7 * at
        if byte < 128:
            return number
    raise MalformedRequestError("the body is not a snappy block")


def _within(size: int, limit: int) -> int:
    if size > limit:
        raise RequestTooLargeError(f"the body becomes {size} bytes, and may become {limit}")
    return size
