"""State machines as generators: each yields an action, and receives its result."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

S = TypeVar("S")
Steps: TypeAlias = Generator[S, Any, None]


async def run(steps: Steps[S], do: Callable[[S], Awaitable[object]]) -> None:
    """Run a state machine to its end.

    Args:
        steps: The machine.
        do: Performs an action; its result or exception goes back into the machine.

    Raises:
        BaseException: Raised by the machine.
    """
    try:
        step = next(steps)
        while True:
            try:
                came = await do(step)
            except BaseException as error:  # noqa: BLE001 (the machine decides whether to raise it)
                step = steps.throw(error)
            else:
                step = steps.send(came)
    except StopIteration:
        return
