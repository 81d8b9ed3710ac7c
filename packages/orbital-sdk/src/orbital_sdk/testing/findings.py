"""What a contract suite finds: sentences for the author, all of them at once."""

from __future__ import annotations

import asyncio
import re
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine

NAME = re.compile(r"[a-z][a-z0-9_-]*")


class Findings(list[str]):
    """Each says what is wrong and what to change."""

    secrets: frozenset[str] = frozenset()
    """Shown nowhere, what is found included."""

    def expect(self, holds: object, otherwise: str) -> bool:
        """Note `otherwise` unless it holds."""
        if not holds:
            self.append(otherwise)
        return bool(holds)

    def hide(self, secrets: set[str]) -> None:
        """Show none of these in what is found, now and later."""
        self.secrets = self.secrets | secrets

    async def attempt(self, what: str, awaitable: Awaitable[object]) -> bool:
        """Note an error of what should just work."""
        try:
            await awaitable
        except Exception as error:  # noqa: BLE001 (that is the finding)
            self.append(f"{what} raised {error!r}; it must not")
            return False
        return True

    def report(self, subject: str) -> None:
        """Raise an AssertionError with everything that was found, if anything was."""
        if self:
            listed = "\n".join(f"  {number}. {text}" for number, text in enumerate(self, 1))
            for secret in sorted(self.secrets, key=len, reverse=True):  # one may begin with another
                listed = listed.replace(secret, "**********")
            raise AssertionError(f"{subject} breaks its contract:\n{listed}")


def check_name(found: Findings, cls: type[Any], group: str, *, entry_point: bool) -> None:
    """Its name, its summary, and the entry point by which the agent finds it."""
    name = getattr(cls, "name", "")
    if not found.expect(
        isinstance(name, str) and NAME.fullmatch(name),
        f'name is {name!r}; set the class attribute `name = "..."`: small letters, digits, _ and -',
    ):
        return
    found.expect(cls.summary, "summary is empty; say in one sentence what this is for")
    if entry_point:
        _check_entry_point(found, cls, group)


def _check_entry_point(found: Findings, cls: type[Any], group: str) -> None:
    line = (
        f'[project.entry-points."{group}"]\n     {cls.name} = "{cls.__module__}:{cls.__qualname__}"'
    )
    points = {point.name: point for point in entry_points(group=group)}
    if cls.name in points:
        value = points[cls.name].value
        found.expect(
            points[cls.name].load() is cls,
            f"the entry point {cls.name!r} is {value!r}, which is another class; put into"
            f" pyproject.toml and install again:\n     {line}",
        )
        return
    others = [p.name for p in points.values() if p.value.rpartition(":")[2] == cls.__qualname__]
    found.append(
        f"no entry point {cls.name!r} in the group {group!r}"
        + (f" (found under {others}; entry point and `name` are equal)" if others else "")
        + f"; put into pyproject.toml and install again:\n     {line}"
    )


async def check_cancel(found: Findings, what: str, work: Coroutine[Any, Any, object]) -> None:
    """Cancelled in the middle, it ends at once and by CancelledError."""
    task = asyncio.create_task(work)
    for _ in range(3):
        await asyncio.sleep(0)
    if not task.cancel():
        _ = task.exception()  # it was over already
        return
    done, _ = await asyncio.wait({task}, timeout=2.0)
    if not found.expect(
        done,
        f"{what} still runs 2 s after it was cancelled; let CancelledError pass, clean up in `finally`",
    ):
        return
    found.expect(
        task.cancelled(),
        f"{what} was cancelled and did not end by CancelledError; catch `Exception` at most, never"
        " BaseException or CancelledError",
    )
