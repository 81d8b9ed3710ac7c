"""Finds whose code a thread runs, from its stack."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_runtime.guard.calls.named import name_in
from orbital_runtime.guard.calls.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType, TracebackType

KNOWN: Final = sys.stdlib_module_names | {
    "orbital_buffer",
    "orbital_runtime",
    "orbital_sdk",
    "orbital_sentinel",
    "uvloop",
}
"""Packages that do not belong to a plugin."""
LOOPS: Final = (
    "asyncio.events",
    "asyncio.base_events",
    "asyncio.runners",
    "orbital_sentinel.process.loop",
)
"""Modules in which an event loop calls its callbacks; frames further out started the loop."""
IDLE: Final = ("orbital_sentinel.process.loop", "asyncio.runners", "selectors")
"""Modules of the innermost frame while an event loop waits: the caller for uvloop, the selector for
asyncio.
"""


def is_idle(thread: int) -> bool:
    """Whether the event loop of this thread is waiting."""
    frame = next(_stack(thread), None)
    return frame is not None and frame.f_globals.get("__name__") in IDLE


class Culprit(NamedTuple):
    """What blocks a thread."""

    plugin: str
    """Name of the plugin or other part; empty if unknown."""
    task: str
    """The task, or the output of a writer. Empty if it is not a run, or a task started by one."""
    file: str
    line: int
    function: str
    kind: str = "plugin"
    """`plugin`, `writer` or `processor`."""

    def __str__(self) -> str:
        if not self.plugin:
            return "the agent itself, or a library"
        name = f"{self.kind} {self.plugin!r}"
        if not self.task:
            return name
        if self.kind == "writer":
            return f"{name} of output {self.task!r}"
        return f"{name}, task {self.task!r},"

    @property
    def who(self) -> tuple[str, str, str]:
        """Kind, name and task, for counting."""
        return self.kind, self.plugin, self.task

    @property
    def advice(self) -> str:
        """Advice for its author."""
        if self.kind == "plugin":
            return "it has to await, or to do this on a thread: `asyncio.to_thread`, or a plain `def collect`"
        if self.kind == "writer":
            return "it has to await, or to be a plain `def write`, which gets a thread of its own"
        return "it has to be quicker"

    @property
    def place(self) -> str:
        """For people."""
        return f"{self.file}:{self.line} in {self.function}()"


def culprit(thread: int, owner: Callable[[str], str]) -> tuple[Culprit, bool]:
    """What blocks this thread, with the place in its own code, and whether it is third-party code.

    Args:
        thread: Its identifier.
        owner: Returns the plugin of a package; empty if there is none. For code without a named call.
    """
    frames = list(_stack(thread))
    strangers = [frame for frame in frames if _package(frame) not in KNOWN]
    package = _package(strangers[-1]) if strangers else ""
    seen = next((frame for frame in strangers if _package(frame) == package), frames[0])
    work = frames[-1].f_locals.get("self") if _is_work(frames[-1]) else None
    known = isinstance(work, Work)
    kind, plugin, task = (work.kind, work.plugin, work.task) if known else ("plugin", "", "")
    if strangers and not plugin:
        plugin = owner(package)
    kind, plugin = next(filter(None, map(name_in, frames)), (kind, plugin))
    code = seen.f_code
    file = code.co_filename.rpartition("/")[2]
    found = Culprit(plugin, task, file, seen.f_lineno, code.co_name, kind)
    return found, bool(strangers or plugin)


def trace_of(error: BaseException) -> TracebackType | None:
    """Its traceback from the first third-party frame on, or all of it if there is none."""
    trace = error.__traceback__
    while trace is not None and _package(trace.tb_frame) in KNOWN:
        trace = trace.tb_next
    return trace or error.__traceback__


def _stack(thread: int) -> Iterator[FrameType]:
    """Frames from the innermost one out to the event loop."""
    frame = sys._current_frames().get(thread)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] (documented, "for debugging")
    while frame is not None:
        yield frame
        if _is_work(frame) or frame.f_globals.get("__name__") in LOOPS:
            return
        frame = frame.f_back


def _is_work(frame: FrameType) -> bool:
    return frame.f_code is Work.__await__.__code__  # pyright: ignore[reportUnknownMemberType] (any)


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]
