"""All tasks, and removed ones whose last run is not over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from orbital_runtime.model import Task, TaskState
from orbital_runtime.scheduler.roster.job import Job


class Roster(Mapping[str, tuple[Task, TaskState]]):
    """Every task and its state, by key."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self._leaving: dict[str, Job] = {}
        self._intervals: Counter[float] = Counter()
        """Number of tasks by interval."""
        self._timeouts: Counter[float] = Counter()
        """Number of tasks by timeout."""

    def __getitem__(self, key: str) -> tuple[Task, TaskState]:
        job = self.jobs[key]
        return job.task, job.state

    def __contains__(self, key: object) -> bool:
        return key in self.jobs

    def __iter__(self) -> Iterator[str]:
        return iter(self.jobs)

    def __len__(self) -> int:
        return len(self.jobs)

    @property
    def rate(self) -> float:
        """Runs per second of all tasks."""
        return sum([tasks / interval for interval, tasks in self._intervals.items()])

    @property
    def longest(self) -> float:
        """The longest timeout, in seconds."""
        return max(self._timeouts, default=0.0)

    def add(self, task: Task) -> Job:
        """A job for a new task. If its last run is not over, it continues with the old job."""
        key = task.key
        job = self._leaving.pop(key, None)
        if job is None:
            job = Job(task)
        else:
            job.replace(task)
        self.jobs[key] = job
        self._enter(task)
        return job

    def replace(self, task: Task) -> None:
        """Replace a task."""
        job = self.jobs[task.key]
        self._leave(job.task)
        self._enter(task)
        job.replace(task)

    def remove(self, key: str) -> Job:
        """Remove a task. Its job is kept until its current run is over."""
        job = self.jobs.pop(key)
        self._leave(job.task)
        if job.handle is not None:
            self._leaving[key] = job
        return job

    def left(self, job: Job) -> bool:
        """Whether the run that just ended was the last one of a removed task."""
        key = job.task.key
        if self._leaving.get(key) is not job:
            return False
        del self._leaving[key]
        return True

    def _enter(self, task: Task) -> None:
        self._intervals[task.interval] += 1
        self._timeouts[task.timeout] += 1

    def _leave(self, task: Task) -> None:
        for counted, value in ((self._intervals, task.interval), (self._timeouts, task.timeout)):
            counted[value] -= 1
            if not counted[value]:
                del counted[value]

    def runs(self) -> list[Job]:
        """Jobs with a current run, those of removed tasks included."""
        jobs = (*self.jobs.values(), *self._leaving.values())
        return [job for job in jobs if job.handle is not None]
