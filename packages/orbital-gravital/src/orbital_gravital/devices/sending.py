"""Sends many items in few calls, and finds those that Core refuses by the sender's bisection."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from orbital_gravital.errors import CorePanicked, CoreRefused
from orbital_runtime.sender.refusals.bisection import Bisection
from orbital_runtime.sender.refusals.groups import whole
from orbital_sdk import Written

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from orbital_runtime.sender.refusals.groups import Group

T = TypeVar("T")


class _Items(list[T]):
    def part(self, start: int, stop: int) -> _Items[T]:
        return _Items(self[start:stop])


async def send_all(
    send: Callable[[Sequence[T]], Awaitable[None]], items: Sequence[T], at_once: int
) -> list[tuple[T, str]]:
    """Send all items.

    Args:
        send: One call with some items.
        items: All items.
        at_once: Maximum items of one call.

    Returns:
        Items that Core refuses even alone, while it accepts others, with its error text.

    Raises:
        CoreError: A call failed, or so many were refused in a row that the items are not the cause.
    """
    errors: list[BaseException] = []

    def is_about_items(error: BaseException) -> bool:
        errors[:] = [error]
        return isinstance(error, CoreRefused | CorePanicked)

    async def request(group: Group[_Items[T]]) -> Written:
        await send(group[0].batch)
        return Written(1)

    bisection = Bisection(
        whole([(0, _Items(items))] if items else []),
        requests=2 * len(items),
        suspect=is_about_items,
        largest=at_once,
        repeat=False,
    )
    await bisection.run(request)
    if bisection.refused and not bisection.understood:
        raise errors[0]
    return [(items[row.row], row.reason) for row in bisection.refused]
