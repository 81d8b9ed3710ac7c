"""A processor over batches, as the agent would have it, for its author's tests."""

from __future__ import annotations

from array import array
from itertools import compress
from typing import TYPE_CHECKING, Any

from orbital_sdk.calling.answers import plan_of, values_of
from orbital_sdk.contract.batch import Batch, Layout

if TYPE_CHECKING:
    from orbital_sdk.contract.processor import Plan, Processor


def process(processor: Processor[Any], *batches: Batch) -> list[Batch]:
    """What the processor makes of these, one after the other; each layout is planned once.

    A batch of which nothing is left is empty. Rows, times and counts are as they come out of the agent.

    Raises:
        TypeError, ValueError: The processor answered what cannot be used.
        Exception: Whatever it raised.
    """
    plans: dict[Layout, Plan] = {}
    given: list[Batch] = []
    for batch in batches:
        if batch.layout not in plans:
            plans[batch.layout] = plan_of(processor.plan(batch.layout), batch.layout)
        given.append(_stepped(plans[batch.layout], batch))
    return given


def _stepped(plan: Plan, batch: Batch) -> Batch:
    values, times = batch.values, batch.times
    if plan.step is not None:
        values = values_of(plan.step(batch), len(plan.rows))
        if times is not None:
            times = times + array("q", [batch.ts] * (len(plan.rows) - len(batch.layout)))
    paired = zip(plan.rows, values, strict=True)
    left = [row is not None and value == value for row, value in paired]  # noqa: PLR0124 (this is what tells NaN)
    rows = [row for row in compress(plan.rows, left) if row is not None]
    return Batch(
        Layout(batch.layout.origin, rows),
        batch.ts,
        array("d", compress(values, left)),
        None if times is None else array("q", compress(times, left)),
    )
