"""Reports of tasks that Core says it does not have. The real server says so over any error of its database,
so they are kept until a list of tasks that was asked for later shows which of the two it is.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    from orbital_gravital.reports.report import Report

log = logging.getLogger("orbital.core")

NAMED: Final = 5
"""Tasks that one line of the log names."""


class Missing:
    """Keeps such reports, in their order.

    A task that the list has was there all the time: its reports go out again. Of one that the list lacks the
    oldest report is tried once more, since Core lists no task that is switched off; what Core says to that is
    believed.

    Args:
        again: Sends these before all that waits.
        drop: Counts so many as dropped, and with them all others of this task; gives how many that are.
    """

    def __init__(
        self, again: Callable[[Sequence[Report]], None], drop: Callable[[str, int], int]
    ) -> None:
        self._again = again
        self._drop = drop
        self._kept: deque[Report] = deque()
        self._doubted: set[str] = set()
        self._tried: dict[str, Report] = {}
        """The report of each task that goes out once more, and decides over the others."""
        self._asked: set[str] = set()
        """Tasks that a list was asked for, and of which no report passed since."""
        self._gone: Counter[str] = Counter()
        """Reports that were dropped and not told yet, by task."""
        self.on_doubt: Callable[[], None] = lambda: None
        """Called when a list is wanted soon."""

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def oldest(self) -> Report | None:
        return self._kept[0] if self._kept else None

    @property
    def doubted(self) -> frozenset[str]:
        """Tasks that the next list decides over, if it is asked for from now on."""
        return frozenset(self._doubted)

    def keeps(self, report: Report) -> bool:
        """Whether this one need not go out now: it is kept behind the others of its task."""
        task = report.task_id
        if task not in self._doubted and self._tried.get(task, report) is report:
            return False
        self._kept.append(report)
        return True

    def missed(self, report: Report) -> None:
        """Core says that it does not have the task of this one."""
        task = report.task_id
        if self._tried.pop(task, None) is not None:
            self._gone[task] += self._drop(task, 1 + len(self._take(task)))
            self._asked.discard(task)
            self._tell()
            return
        self._kept.append(report)
        self._doubted.add(task)
        if task not in self._asked:
            self._asked.add(task)
            self.on_doubt()

    def found(self, report: Report) -> None:
        """Core has the task of this one."""
        task = report.task_id
        self._asked.discard(task)
        if self._tried.pop(task, None) is not None:
            self._again(self._take(task))
            self._tell()

    def judge(self, doubted: frozenset[str], listed: Container[str]) -> None:
        """A list came.

        Args:
            doubted: As `doubted` was before it was asked for.
            listed: The tasks in it.
        """
        self._doubted -= doubted
        kept, self._kept = self._kept, deque()
        back: list[Report] = []
        for report in kept:
            task = report.task_id
            if task not in doubted or (task not in listed and task in self._tried):
                self._kept.append(report)
                continue
            back.append(report)
            if task not in listed:
                self._tried[task] = report
        self._again(back)

    def drop_oldest(self) -> None:
        self._kept.popleft()

    def overlook(self, report: Report) -> None:
        """This one was dropped elsewhere: if a task's fate hung on it, the next list decides anew."""
        if self._tried.get(report.task_id) is report:
            del self._tried[report.task_id]
            self._doubted.add(report.task_id)

    def take_all(self) -> Sequence[Report]:
        """All that is kept; nothing is from now on."""
        kept, self._kept = self._kept, deque()
        self._doubted.clear()
        self._tried.clear()
        return kept

    def _take(self, task: str) -> list[Report]:
        kept, self._kept = self._kept, deque()
        taken: list[Report] = []
        for report in kept:
            (taken if report.task_id == task else self._kept).append(report)
        return taken

    def _tell(self) -> None:
        """One line, when the fate of all tasks is known."""
        if not self._gone or self._tried:
            return
        gone, self._gone = self._gone, Counter()
        names = [*list(gone)[:NAMED], *(["…"] if len(gone) > NAMED else [])]
        log.warning(
            "reports that go nowhere, since Core does not have their tasks any more: %d, of %s",
            gone.total(), ", ".join(names),
        )  # fmt: skip
