"""The records of all tasks; series end with the record that knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_runtime.engine.task_record import TaskRecord, new_record

if TYPE_CHECKING:
    from orbital_cardinality import Budget
    from orbital_runtime.engine.current_chain import CurrentChain
    from orbital_runtime.engine.handover import HandOver
    from orbital_runtime.engine.run_limits import RunLimits
    from orbital_runtime.model import Task
    from orbital_runtime.plugins.task_session import TaskSession
    from orbital_sdk import Identity


class TaskRecords:
    """By task.

    Args:
        processing: The chains that new ones begin with.
        hand_over: Takes the stale markers of series that ended.
        budget: The series of all tasks.
    """

    def __init__(self, processing: CurrentChain, hand_over: HandOver, budget: Budget) -> None:
        self._processing = processing
        self._hand_over = hand_over
        self._budget = budget
        self._by_task: dict[str, TaskRecord] = {}

    async def of(
        self,
        task: Task,
        task_session: TaskSession | None,
        identity: Identity,
        limits: RunLimits,
        ts: int,
    ) -> TaskRecord:
        """The task's own, a new one where anything about it changed: series end with their origin.

        Args:
            task: As it runs now.
            task_session: Its device; None where its plugin did not start.
            identity: Who collects.
            limits: Of a new one.
            ts: Milliseconds UTC: series that end have ended before.
        """
        before = self._by_task.get(task.key)
        if before is not None and before.fits(task, task_session, identity):
            return before
        if before is not None and task_session is None:
            task_session = before.task_session
        chain = self._processing.of(task.key)
        fresh = new_record(task, task_session, identity, chain, limits, budget=self._budget)
        self._by_task[task.key] = fresh
        if before is not None:
            await self._replace(before, fresh, ts)
        return fresh

    def known(self, key: str) -> TaskRecord | None:
        """That of the task with this key; None if it never ran."""
        return self._by_task.get(key)

    async def forget(self, task: Task, ts: int) -> None:
        """The task is gone, and so are its series."""
        record = self._by_task.pop(task.key, None)
        if record is not None and (ended := record.batcher.end_series(ts)) is not None:
            await self._hand_over.all([ended])

    async def _replace(self, old: TaskRecord, new: TaskRecord, ts: int) -> None:
        if old.task_session is new.task_session:
            new.logged = old.logged
        if old.batcher.origin == new.batcher.origin:
            new.batcher.inherit(old.batcher)
        elif (ended := old.batcher.end_series(ts - 1)) is not None:
            await self._hand_over.all([ended])
