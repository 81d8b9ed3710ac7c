"""Messages as bytes: MessagePack, behind its length in four bytes (unsigned, little endian)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from orbital_sdk.wire.answers import FromProgram
from orbital_sdk.wire.calls import FromAgent
from orbital_sdk.wire.columns import Malformed
from orbital_sdk.wire.limits import MESSAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orbital_sdk.wire.form import Message

T = TypeVar("T")

HEAD: Final = 4
"""Bytes of a length."""
_encoder: Final = msgspec.msgpack.Encoder()
_from_agent: Final[msgspec.msgpack.Decoder[FromAgent]] = msgspec.msgpack.Decoder(FromAgent)
_from_program: Final[msgspec.msgpack.Decoder[FromProgram]] = msgspec.msgpack.Decoder(FromProgram)


class TooLarge(ValueError):  # noqa: N818 (reads as what happened, as the SDK's own)
    """A message is longer than may cross. Nothing of it was sent."""


def encode(message: Message) -> bytes:
    """The message as it crosses, its length included.

    Raises:
        TooLarge: It has more than `MESSAGE` bytes.
        TypeError, ValueError, OverflowError: It holds what no message can, such as half a surrogate pair.
    """
    body = _encoder.encode(message)
    if len(body) > MESSAGE:
        raise TooLarge(f"a message of {len(body):,} bytes; {MESSAGE:,} may cross")
    return len(body).to_bytes(HEAD, "little") + body


def from_agent(body: bytes | memoryview) -> FromAgent:
    """What the agent said.

    Raises:
        Malformed: It is not a message of this contract; says where.
    """
    return _decoded(_from_agent, body)


def from_program(body: bytes | memoryview) -> FromProgram:
    """What a program said; raises as `from_agent` does."""
    return _decoded(_from_program, body)


def _decoded(decoder: msgspec.msgpack.Decoder[T], body: bytes | memoryview) -> T:
    try:
        return decoder.decode(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not a message of this contract: {error}") from error


class Bodies:
    """Cuts what comes in pieces into the bodies of messages."""

    def __init__(self) -> None:
        self._begun = bytearray()
        """The beginning of a message, mostly empty: what comes is whole messages."""
        self._wanted = HEAD
        """Bytes with which more of it can be read."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The bodies that are whole now. To be used up before more is fed.

        Raises:
            Malformed: One would be longer than may cross: what comes is not a message.
        """
        if self._begun:
            self._begun += data
            if len(self._begun) < self._wanted:
                return
            data = bytes(self._begun)
            self._begun.clear()
        at, length = 0, len(data)
        self._wanted = HEAD
        while length - at >= HEAD:
            size = int.from_bytes(data[at : at + HEAD], "little")
            if size > MESSAGE:
                raise Malformed(f"a message of {size:,} bytes; {MESSAGE:,} may cross")
            if length - at - HEAD < size:
                self._wanted = HEAD + size
                break
            yield data[at + HEAD : at + HEAD + size]
            at += HEAD + size
        self._begun += data[at:]
