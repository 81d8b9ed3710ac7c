"""State machines as generators: each step says what is to be done, and is told what came of it."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

S = TypeVar("S")
Steps: TypeAlias = Generator[S, Any, None]


async def run(steps: Steps[S], do: Callable[[S], Awaitable[object]]) -> None:
    """Do what they say, to their end.

    Raises:
        BaseException: What `do` raised, or the machine.
    """
    try:
        step = next(steps)
        while True:
            try:
                came = await do(step)
            except BaseException as error:  # noqa: BLE001 (the machine raises it again, if it is an end)
                step = steps.throw(error)
            else:
                step = steps.send(came)
    except StopIteration:
        return
