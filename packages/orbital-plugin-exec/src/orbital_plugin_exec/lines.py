"""Bytes become lines of bounded length."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Lines:
    """Cuts what comes in pieces into lines.

    Args:
        most: Bytes of a line; a longer one is left out.
    """

    def __init__(self, most: int) -> None:
        self.too_long = 0
        """Lines left out so far."""
        self._most = most
        self._rest = bytearray()
        self._skipping = False
        """In a line that is too long."""

    def feed(self, data: bytes) -> Iterator[str]:
        """The lines that are complete now, without their ends."""
        *complete, rest = data.split(b"\n")
        for piece in complete:
            self._rest += piece
            if (line := self._ended()) is not None:
                yield line
        self._add(rest)

    def end(self) -> Iterator[str]:
        """A last line that has no end."""
        if (self._rest or self._skipping) and (line := self._ended()) is not None:
            yield line

    def _add(self, piece: bytes) -> None:
        if not self._skipping:
            self._rest += piece
            if len(self._rest) > self._most:
                self._rest.clear()
                self._skipping = True

    def _ended(self) -> str | None:
        line, skipping = bytes(self._rest), self._skipping
        self._rest.clear()
        self._skipping = False
        if skipping or len(line) > self._most:
            self.too_long += 1
            return None
        return line.removesuffix(b"\r").decode(errors="replace")
