"""DISPLAY-HINT of octets and of numbers (RFC 2579 3.1)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

_SPEC: Final = re.compile(r"(\*?)(\d+)([dxoat])([^\d*]?)(?:(?<=\D)([^\d*]))?")
_INTEGER: Final = re.compile(r"d-(\d+)")
_BASES: Final = {"x": "x", "d": "d", "o": "o"}


class Spec(NamedTuple):
    """One octet-format specification."""

    repeat: bool
    length: int
    form: str
    separator: str
    terminator: str


@lru_cache(maxsize=256)
def specs(hint: str) -> tuple[Spec, ...]:
    """The parts of an octet hint.

    Raises:
        ValueError: It is none.
    """
    found: list[Spec] = []
    at = 0
    while at < len(hint):
        match = _SPEC.match(hint, at)
        if match is None:
            raise ValueError(
                f"{hint!r} is not a DISPLAY-HINT of octets; they look like 1x: or 255a"
            )
        repeat, length, form, separator, terminator = match.groups(default="")
        if not repeat and terminator:  # only a repeated part has one; it begins the next part
            raise ValueError(
                f"{hint!r} is not a DISPLAY-HINT of octets; they look like 1x: or 255a"
            )
        found.append(Spec(bool(repeat), int(length), form, separator, terminator))
        at = match.end()
    return tuple(found)


def decimals(hint: str) -> float:
    """What a number is multiplied by: `d-2` puts its point before the last two digits."""
    match = _INTEGER.fullmatch(hint)
    return 10.0 ** -int(match[1]) if match else 1.0


def written(value: bytes, hint: str) -> str:
    """Octets as the hint says: the last part goes on until they end, separators only stand between."""
    parts = specs(hint)
    out: list[str] = []
    at, number = 0, 0
    while at < len(value) and parts:
        spec = parts[min(number, len(parts) - 1)]
        number += 1
        at = _apply(spec, value, at, out)
        if spec.length == 0 and number >= len(parts):
            break
    return "".join(out)


def _apply(spec: Spec, value: bytes, at: int, out: list[str]) -> int:
    times = 1
    if spec.repeat:
        times, at = value[at], at + 1
    for turn in range(times):
        chunk = value[at : at + spec.length]
        at += spec.length
        out.append(_one(chunk, spec.form))
        if at >= len(value):
            break
        last = turn == times - 1
        out.append(spec.terminator if last and spec.terminator else spec.separator)
    return at


def _one(chunk: bytes, form: str) -> str:
    if form in "at":
        return chunk.decode("ascii" if form == "a" else "utf-8", "replace")
    number = int.from_bytes(chunk, "big")
    if form == "x":  # two digits an octet
        return f"{number:0{2 * len(chunk)}x}"
    return f"{number:{_BASES[form]}}"
