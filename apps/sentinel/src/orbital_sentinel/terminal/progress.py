"""Shows on a terminal what is waited for: what is tried, how far it is, and for how long."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Generator

    from rich.progress import Progress as Bar

DELAY: Final = 1.0
"""Seconds until it appears: what ends sooner needs none."""
COUNTS: Final = 36
"""Columns of the terminal for the bar, its counts and the time; the text has the rest."""


class Progress:
    """A line on stderr. It appears after a moment, and is gone at the end.

    Args:
        what: What is tried.
        total: Number of steps; None if unknown.
    """

    def __init__(self, what: str, total: int | None) -> None:
        self._what = what
        self._total = total
        self._done = 0
        self._bar: Bar | None = None
        self._lock = threading.Lock()
        self._over = False
        self._began = time.monotonic()

    def advance(self, steps: int = 1) -> None:
        """Count steps."""
        self._done += steps
        self._update()

    def trying(self, what: str) -> None:
        """Say what is tried now."""
        self._what = what
        self._update()

    @contextmanager
    def aside(self) -> Generator[None]:
        """Hide the line while something else is printed."""
        with self._lock:
            if self._bar is None:
                yield
                return
            self._bar.stop()
            yield
            if not self._over:
                self._bar.start()

    def show(self) -> None:
        """Let it appear."""
        with self._lock:
            if not self._over:
                self._bar = _bar(self._total)
                self._bar.add_task(self._what, total=self._total, completed=self._done)
                self._bar.tasks[0].start_time = self._began
                self._bar.start()

    def end(self) -> None:
        """Remove it."""
        with self._lock:
            self._over = True
            if self._bar is not None:
                self._bar.stop()

    def _update(self) -> None:
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=self._done, description=self._what)


@contextmanager
def progress(what: str, total: int | None = None, *, shown: bool = True) -> Generator[Progress]:
    """Show the progress of a block, if stderr is a terminal.

    Args:
        what: What is tried.
        total: Number of steps; None if unknown.
        shown: False if the block prints on the same terminal.
    """
    line = Progress(what, total)
    timer = threading.Timer(DELAY, line.show)
    timer.daemon = True
    if shown and sys.stderr.isatty():
        with suppress(RuntimeError):  # no more threads: it goes without
            timer.start()
    try:
        yield line
    finally:
        timer.cancel()
        line.end()


def _bar(total: int | None) -> Bar:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.progress import Progress as Bar
    from rich.table import Column

    console = Console(stderr=True)
    rest = max(20, console.width - COUNTS)
    column = Column(no_wrap=True, overflow="ellipsis", max_width=rest)
    text = TextColumn("{task.description}", markup=False, table_column=column)
    steps = () if total is None or total < 2 else (BarColumn(12), MofNCompleteColumn())
    return Bar(
        SpinnerColumn(), text, *steps, TimeElapsedColumn(), console=console,
        transient=True, redirect_stdout=False, redirect_stderr=False,
    )  # fmt: skip
