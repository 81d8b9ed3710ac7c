"""What every processor promises the agent, checked with ordinary and odd batches."""

from __future__ import annotations

import gc
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import ref

from orbital_sdk.calling.answers import batches_of, plan_of, values_of
from orbital_sdk.contract.processor import Processor
from orbital_sdk.fields import ProcessorConfig
from orbital_sdk.testing.batches import TS, make_batch, make_layout, make_origin
from orbital_sdk.testing.findings import Findings, check_name
from orbital_sdk.testing.life import Life
from orbital_sdk.testing.model_contract import (
    check_dump,
    check_manifest,
    check_model,
    check_silence,
)
from orbital_sdk.testing.signatures import check_made, check_signatures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from orbital_sdk.contract.batch import Batch, Layout
    from orbital_sdk.contract.processor import Plan


async def check_processor(
    make_processor: Callable[[], Processor[Any]],
    batches: Sequence[Batch] = (),
    *,
    entry_point: bool = True,
) -> None:
    """The contract suite of processors. Run it in your own tests.

    Args:
        make_processor: Makes a new processor at every call.
        batches: Some that it is meant for, beside those of the suite.
        entry_point: Whether the package is installed, so that its entry point can be looked for.

    Raises:
        AssertionError: Everything that is wrong, each with what to change.
    """
    found = Findings()
    processor = make_processor()
    cls = type(processor)
    check_name(found, cls, "orbital.processors", entry_point=entry_point)
    fit = check_model(found, cls.config_model, ProcessorConfig)
    if not (check_signatures(found, cls, Processor) and check_made(found, processor) and fit):
        found.report(cls.__qualname__)
    check_manifest(found, cls)
    secrets = check_dump(found, processor.config)
    found.hide(secrets)
    check_silence(found, secrets, {"repr": repr(processor)})
    await found.attempt("stop() without start()", make_processor().stop())
    _check_told(found, processor)
    async with Life(found, processor).running() as started:
        if started:
            _Trial(found, processor).run(batches)
    found.report(cls.__qualname__)


def _check_told(found: Findings, processor: Processor[Any]) -> None:
    """What it says of its settings."""
    for name, ask in (("makes", processor.makes), ("device_fields", processor.device_fields)):
        try:
            told = ask(processor.config)
            texts = not isinstance(told, str) and all(map(_is_text, told))
        except Exception as error:  # noqa: BLE001 (that is the finding)
            found.append(f"{name}() failed: {error!r}; give names, or nothing")
        else:
            found.expect(texts, f"{name}() gives names, each a str; it gave {told!r}")


def _is_text(name: object) -> bool:
    return isinstance(name, str)


@dataclass(slots=True)
class _Trial:
    """One processor with many layouts."""

    found: Findings
    processor: Processor[Any]
    ended: list[ref[Layout]] = field(default_factory=list["ref[Layout]"])
    faults: dict[tuple[str, str], list[str]] = field(
        default_factory=dict[tuple[str, str], list[str]]
    )
    """What was said of a batch, in full of the first one: a fault is told once, however many have it."""

    def run(self, batches: Sequence[Batch]) -> None:
        for batch in batches:
            self._see("a batch of yours", batch)
        for what, batch in _batches():
            self._see(what, batch)
            self.ended.append(ref(batch.layout))
            del batch
        self.found.extend(_folded(batches) for batches in self.faults.values())
        gc.collect()
        self.found.expect(
            not any(layout() for layout in self.ended),
            "layouts that ended are still held; keep what a step needs in the step, and what outlives it in"
            " PerSeries",
        )
        self._flush(last=False)
        self._flush(last=True)

    def _see(self, what: str, batch: Batch) -> None:
        layout = batch.layout
        keys, values = [row.key for row in layout.rows], batch.values[:]
        plan = self._plan(what, layout)
        again = None if plan is None else self._plan(what, layout)
        if plan is None or again is None:
            return
        same = [row and row.key for row in plan.rows] == [row and row.key for row in again.rows]
        if not same:
            self._fault(
                "rows",
                what,
                f"plan() of {what} gave other rows the second time; they depend on"
                " the layout alone",
            )
        if self.processor.stateless and len(plan.rows) > len(layout):
            self._fault("new", what, f"it is stateless, and plan() of {what} adds rows")
        series = [row.key for row in plan.rows if row is not None]
        if len(series) != len(set(series)):
            self._fault("series", what, f"plan() of {what} gave a series twice; make them one")
        self._step(what, plan, batch)
        if keys != [row.key for row in layout.rows] or values.tobytes() != batch.values.tobytes():
            said = f"{what} was changed in place; rows and batches are shared, so make new ones"
            self._fault("changed", what, said)

    def _fault(self, kind: str, what: str, words: str, error: Exception | None = None) -> None:
        self.faults.setdefault((kind, type(error).__name__), [words]).append(what)

    def _plan(self, what: str, layout: Layout) -> Plan | None:
        try:
            return plan_of(self.processor.plan(layout), layout)
        except Exception as error:  # noqa: BLE001 (that is the finding)
            words = f"plan() of {what} failed: {error!r}; what it is not for it leaves alone"
            self._fault("plan", what, words, error)
            return None

    def _step(self, what: str, plan: Plan, batch: Batch) -> None:
        if plan.step is None:
            return
        try:
            first, second = [values_of(plan.step(batch), len(plan.rows)) for _ in range(2)]
        except Exception as error:  # noqa: BLE001 (that is the finding)
            words = f"the step for {what} failed: {error!r}; give a value for each row, or NaN"
            self._fault("step", what, words, error)
            return
        if self.processor.stateless and first.tobytes() != second.tobytes():
            said = f"it is stateless, and the step for {what} gave other values the second time"
            self._fault("state", what, said)

    def _flush(self, *, last: bool) -> None:
        try:
            gathered = batches_of(self.processor.flush(TS + 3_600_000, last=last))
            if self.processor.stateless and gathered:
                self.found.append("it is stateless, and flush() gave something that it gathered")
        except Exception as error:  # noqa: BLE001 (that is the finding)
            self.found.append(f"flush(last={last}) failed: {error!r}")


def _folded(fault: Sequence[str]) -> str:
    words, _, *others = fault
    return words + (f" (and for {len(others)} more kinds of batch)" if others else "")


def _batches() -> Iterator[tuple[str, Batch]]:
    yield "a single sample", make_batch({"orbital_check": 1.0})
    yield "a table of 241 series", make_batch(241)
    layout = make_layout(3)
    yield "zeros", make_batch([0.0, -0.0, 0.0], layout=layout)
    yield "infinities", make_batch([math.inf, -math.inf, 1.0], layout=layout)
    yield "extremes", make_batch([5e-324, 1.8e308, -1.8e308], layout=layout)
    yield "a clock that went back", make_batch([1.0, 2.0, 3.0], layout=layout, ts=TS - 3_600_000)
    yield "times of its own", make_batch(3, times=[TS - 2000, TS - 1000, TS])
    foreign = {"text": "世界", "quote": '"', "line": "a\nb"}
    yield "foreign text", make_batch([("orbital_check", foreign, 1.0)])
    yield "the report of a run", make_batch([("up", {"task": "task-1"}, 0.0)])
    yield "another task", make_batch(3, origin=make_origin("task-2", device_id="device-2"))
