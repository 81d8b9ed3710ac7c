"""How a hostile server may behave, one small type each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import threading


@dataclass(frozen=True)
class Request:
    """What came: header names in small letters."""

    method: str
    path: str
    """With its query."""
    headers: Mapping[str, str]
    body: bytes
    connection: int
    """1 for the first connection, so that reuse can be seen."""


@dataclass(frozen=True)
class Answer:
    """A proper answer; with `after`, only once that event is set."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    after: threading.Event | None = None


@dataclass(frozen=True)
class Drip:
    """Headers at once, then the body a few bytes at a time, with no end."""

    status: int = 200
    every: float = 0.05
    """Seconds between two bytes."""


@dataclass(frozen=True)
class DripHeaders:
    """A status line, then header lines with no end, one at a time."""

    every: float = 0.05


@dataclass(frozen=True)
class CloseAfterHeaders:
    """Promises a body of `length` bytes, and closes."""

    status: int = 200
    length: int = 100


@dataclass(frozen=True)
class CutAnswer:
    """Takes the request, and closes without a word."""


@dataclass(frozen=True)
class CutConnection:
    """Resets the connection as soon as it is made, before any request is read."""


@dataclass(frozen=True)
class NoAnswer:
    """Takes the request, and says nothing for ever."""


@dataclass(frozen=True)
class Garbage:
    """These bytes instead of HTTP, then the end."""

    data: bytes = b"\x00\xff\x16\x03 this is not HTTP\r\n\r\n"


Behaviour: TypeAlias = (
    Answer | Drip | DripHeaders | CloseAfterHeaders | CutAnswer | CutConnection | NoAnswer | Garbage
)
Step: TypeAlias = Behaviour | Callable[[Request], Behaviour]
