"""Reports of tasks that Core says it does not have. Core says so on any error of its database, too, so the
reports are kept until a list of tasks that was requested later shows whether the task exists.
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
"""Maximum of tasks named in one log line."""


class Missing:
    """Keeps reports of such tasks, in order.

    If the list has the task, its reports are sent again. If not, its oldest report is tried once more, since
    Core does not list disabled tasks; the answer to that is final.

    Args:
        again: Queues these reports before all others.
        drop: Given a task and a number of reports, counts these, drops those still queued; returns the sum.
    """

    def __init__(
        self, again: Callable[[Sequence[Report]], None], drop: Callable[[str, int], int]
    ) -> None:
        self._again = again
        self._drop = drop
        self._kept: deque[Report] = deque()
        self._doubted: set[str] = set()
        self._tried: dict[str, Report] = {}
        """By task: the report that is tried once more, whose result decides about the others."""
        self._asked: set[str] = set()
        """Tasks for which a list was requested, and of which no report was accepted since."""
        self._gone: Counter[str] = Counter()
        """Reports that were dropped and not logged yet, by task."""
        self.on_doubt: Callable[[], None] = lambda: None
        """Called to request a list soon."""

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def oldest(self) -> Report | None:
        return self._kept[0] if self._kept else None

    @property
    def doubted(self) -> frozenset[str]:
        """Tasks that the next list decides about, if it is requested after this call."""
        return frozenset(self._doubted)

    def keeps(self, report: Report) -> bool:
        """Keep this report if its task is in doubt; False if it should be sent now."""
        task = report.task_id
        if task not in self._doubted and self._tried.get(task, report) is report:
            return False
        self._kept.append(report)
        return True

    def missed(self, report: Report) -> None:
        """Core says that the task of this report does not exist."""
        task = report.task_id
        if self._tried.pop(task, None) is not None:
            self._gone[task] += self._drop(task, 1 + len(self._take(task)))
            self._asked.discard(task)
            self._log_gone()
            return
        self._kept.append(report)
        self._doubted.add(task)
        if task not in self._asked:
            self._asked.add(task)
            self.on_doubt()

    def found(self, report: Report) -> None:
        """Core has the task of this report."""
        task = report.task_id
        self._asked.discard(task)
        if self._tried.pop(task, None) is not None:
            self._again(self._take(task))
            self._log_gone()

    def decide(self, doubted: frozenset[str], listed: Container[str]) -> None:
        """A list arrived.

        Args:
            doubted: The value of `doubted` before the list was requested.
            listed: The tasks in the list.
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

    def was_dropped(self, report: Report) -> None:
        """This report was dropped elsewhere: if it was to decide about its task, the next list does so."""
        if self._tried.get(report.task_id) is report:
            del self._tried[report.task_id]
            self._doubted.add(report.task_id)

    def take_all(self) -> Sequence[Report]:
        """Return all kept reports and keep none."""
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

    def _log_gone(self) -> None:
        """Log one line, when all tasks in doubt are decided."""
        if not self._gone or self._tried:
            return
        gone, self._gone = self._gone, Counter()
        names = [*list(gone)[:NAMED], *(["…"] if len(gone) > NAMED else [])]
        log.warning(
            "reports are dropped, since Core does not have their tasks any more: %d, of %s",
            gone.total(), ", ".join(names),
        )  # fmt: skip
