"""What each processor did with the samples of a task: they are watched from outside while they work."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from orbital_runtime.settings import ProcessorSettings
from orbital_sdk import Plan, Processor, ProcessorConfig
from orbital_sdk.calling.answers import plan_of, values_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orbital_sdk import Batch, Layout, PluginHost, Row

ALL = ProcessorConfig()


@dataclass(slots=True)
class Step:
    """One batch and one processor; samples as lines of text."""

    processor: str
    place: str
    """`task ID` or `output NAME`; empty: of all samples."""
    given: list[str] = field(default_factory=list[str])
    """The samples that it was given, with the report of the run, which processors see, too."""
    left_out: list[str] = field(default_factory=list[str])
    changed: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Before and after."""
    added: list[str] = field(default_factory=list[str])

    @property
    def idle(self) -> bool:
        """Whether it left everything as it was."""
        return not (self.left_out or self.changed or self.added)


class Explanation:
    """The steps of all tasks, by id, in order."""

    def __init__(self) -> None:
        self._steps: dict[str, list[Step]] = {}

    def watched(self, processors: Iterable[ProcessorSettings]) -> tuple[ProcessorSettings, ...]:
        """These processors, watched; before and behind those of all samples stand two that only look."""
        given = [self._watched(one) for one in processors]
        of_all = [one for one in given if not one.place]
        others = [one for one in given if one.place]
        look = ProcessorSettings("", Looks, ALL)
        first, last = self._watched(look), self._watched(replace(look, name=" "))
        return (first, *of_all, last, *others)

    def before(self, task: str) -> list[str]:
        """What the plugin gave, and the report of the run."""
        steps = self._of(task)
        return steps[0].given if steps else []

    def after(self, task: str) -> list[str]:
        """What left the processors before the buffer."""
        return [line for step in self._of(task) if step.processor == " " for line in step.given]

    def steps(self, task: str) -> list[Step]:
        """What each processor did, in order."""
        return [step for step in self._of(task) if step.processor.strip()]

    def note(self, task: str, step: Step) -> None:
        self._steps.setdefault(task, []).append(step)

    def _of(self, task: str) -> list[Step]:
        return self._steps.get(task, [])

    def _watched(self, settings: ProcessorSettings) -> ProcessorSettings:
        def make(config: Any) -> Watched:
            return Watched(settings.processor(config), settings, self)

        return replace(settings, processor=make)  # pyright: ignore[reportArgumentType] (it makes one, as a class does)


class Looks(Processor[ProcessorConfig]):
    """Leaves everything as it is."""

    name = "looks"

    def plan(self, layout: Layout) -> Sequence[Row]:
        return layout.rows


class Watched(Processor[Any]):
    """Does what another processor does, and notes it.

    Args:
        inner: That one.
        settings: Its name and place.
        notes: Takes the steps.
    """

    def __init__(
        self, inner: Processor[Any], settings: ProcessorSettings, notes: Explanation
    ) -> None:
        super().__init__(inner.config)
        vars(self)["name"] = settings.name or Looks.name  # each is called as what it watches
        self._inner = inner
        self._settings = settings
        self._notes = notes

    async def start(self, host: PluginHost) -> None:
        await self._inner.start(host)

    async def stop(self) -> None:
        await self._inner.stop()

    def plan(self, layout: Layout) -> Plan:
        plan = plan_of(self._inner.plan(layout), layout)

        def step(batch: Batch) -> Sequence[float]:
            values = (
                batch.values if plan.step is None else values_of(plan.step(batch), len(plan.rows))
            )
            self._notes.note(layout.origin.task, self._step(batch, plan, values))
            return values

        return Plan(plan.rows, step)

    def ended(self, layout: Layout) -> None:
        self._inner.ended(layout)

    def flush(self, now: int, *, last: bool) -> Iterable[Batch]:
        return self._inner.flush(now, last=last)

    def _step(self, batch: Batch, plan: Plan, values: Sequence[float]) -> Step:
        step = Step(self._settings.name, self._settings.place)
        rows = batch.layout.rows
        for at, (new, value) in enumerate(zip(plan.rows, values, strict=True)):
            gone = new is None or value != value  # noqa: PLR0124 (NaN test)
            after = "" if new is None or gone else _line(new, value)
            if at >= len(rows):
                step.added += [after] if after else []
                continue
            before = _line(rows[at], batch.values[at])
            step.given.append(before)
            if gone:
                step.left_out.append(before)
            elif after != before:
                step.changed.append((before, after))
        return step


def _line(row: Row, value: float) -> str:
    labels = ",".join(f'{name}="{text}"' for name, text in row.labels if name != "device_id")
    return f"{row.name}{{{labels}}} {value:.12g}" if labels else f"{row.name} {value:.12g}"
