"""Sends many things in few calls, in halves where Core takes no more at once, or breaks over one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from orbital_gravital.errors import CoreError, CorePanicked, CoreRefused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

T = TypeVar("T")


async def in_halves(
    send: Callable[[Sequence[T]], Awaitable[None]], items: Sequence[T], at_once: int
) -> list[tuple[T, CoreError]]:
    """Send all of them.

    Args:
        send: One call with some of them.
        items: All.
        at_once: The most in one call.

    Returns:
        Those that Core does not take even alone, though it takes others.

    Raises:
        CoreError: Of a call; and where so many are refused in a row that it is not about what was sent.
    """
    parts = [items[start : start + at_once] for start in range(0, len(items), at_once)]
    parts.reverse()
    refused: list[tuple[T, CoreError]] = []
    passed, in_a_row, patience = False, 0, 2 * min(len(items), at_once).bit_length()
    while parts:
        part = parts.pop()
        try:
            await send(part)
        except (CoreRefused, CorePanicked) as error:
            in_a_row += 1
            if in_a_row > patience:
                raise
            half = len(part) // 2
            if half:
                parts += [part[half:], part[:half]]
            else:
                refused.append((part[0], error))
        else:
            passed, in_a_row = True, 0
    if refused and not passed:
        raise refused[-1][1]
    return refused
