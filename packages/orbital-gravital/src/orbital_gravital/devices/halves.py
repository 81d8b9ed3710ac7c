"""Sends many items in few calls; a part that Core refuses, or fails on, is split in halves."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from orbital_gravital.errors import CoreError, CorePanicked, CoreRefused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

T = TypeVar("T")


async def in_halves(
    send: Callable[[Sequence[T]], Awaitable[None]], items: Sequence[T], at_once: int
) -> list[tuple[T, CoreError]]:
    """Send all items.

    Args:
        send: One call with some items.
        items: All items.
        at_once: Maximum items of one call.

    Returns:
        Items that Core refuses even alone, with the error, if it accepted others.

    Raises:
        CoreError: A call failed, or so many were refused in a row that the items are not the cause.
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
