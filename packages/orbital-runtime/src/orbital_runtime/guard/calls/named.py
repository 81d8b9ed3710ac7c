"""Synchronous calls of writers and processors: contained, and known to the watchdog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from orbital_runtime.guard.escape import contained

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

T = TypeVar("T")


def named(kind: str, name: str, call: Callable[..., T], *arguments: Any) -> T:  # noqa: ARG001 (the watchdog reads them in its frame)
    """Call a part of this kind and name. It can only raise an `Exception`."""
    with contained:
        return call(*arguments)


def name_in(frame: FrameType) -> tuple[str, str] | None:
    """Kind and name of the part that is called in this frame; None if it is no such call."""
    if frame.f_code is not named.__code__:
        return None
    return str(frame.f_locals["kind"]), str(frame.f_locals["name"])
