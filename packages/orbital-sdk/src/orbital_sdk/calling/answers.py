"""What processors answer, checked: buffer and writers rely on it. For the agent and the testing kit."""

from __future__ import annotations

from array import array
from collections.abc import Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

from orbital_sdk.contract.batch import Batch, Row
from orbital_sdk.contract.processor import Plan

if TYPE_CHECKING:
    from orbital_sdk.contract.batch import Layout


def plan_of(answer: object, layout: Layout) -> Plan:
    """What `plan()` answered, as a plan.

    Raises:
        TypeError, ValueError: It is none for this layout.
    """
    if answer is None:
        return Plan((None,) * len(layout))
    if isinstance(answer, Coroutine):
        answer.close()
        raise TypeError("plan() is `async def`; make it a plain `def`")
    plan = answer if isinstance(answer, Plan) else Plan(cast("Any", answer))
    rows = cast("object", plan.rows)
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise TypeError(f"plan() gave {type(rows).__name__}, not a Plan, rows or None")
    for row in cast("Sequence[object]", rows):
        if row is not None and not isinstance(row, Row):
            raise TypeError(f"plan() gave {type(row).__name__} where a Row or None should be")
    if len(plan.rows) != len(layout) and (plan.step is None or len(plan.rows) < len(layout)):
        more = " (more need a step)" if len(plan.rows) > len(layout) else ""
        raise ValueError(f"plan() gave {len(plan.rows)} rows for {len(layout)}{more}")
    return plan


def values_of(answer: object, plan_rows: int) -> array[float]:
    """What a step answered, as a column.

    Raises:
        TypeError, ValueError: Not a value for each row of its plan.
    """
    if isinstance(answer, str | bytes | bytearray):  # an array takes bytes as its own
        raise TypeError(f"the step gave {type(answer).__name__}, not values")
    given = cast("array[float]", answer)
    if not isinstance(answer, Iterable):
        raise TypeError(f"the step gave {type(answer).__name__}; return a value for each row")
    ready = isinstance(answer, array) and given.typecode == "d"
    values = given[:] if ready else array("d", given)  # the author may use his own again
    if len(values) != plan_rows:
        raise ValueError(f"the step gave {len(values)} values for {plan_rows} rows")
    return values


def batches_of(answer: object) -> list[Batch]:
    """What `flush()` gave, as batches.

    Raises:
        TypeError, ValueError: No buffer may hold it.
    """
    if not isinstance(answer, Iterable) or isinstance(answer, str | bytes):
        raise TypeError(
            f"flush() gave {type(answer).__name__}; return a list of batches, [] for none"
        )
    return [check_batch(batch) for batch in cast("Iterable[object]", answer)]


def check_batch(batch: object) -> Batch:
    """One of those that `flush()` gave.

    Raises:
        TypeError, ValueError: No buffer may hold it.
    """
    if not isinstance(batch, Batch):
        raise TypeError(f"flush() gave {type(batch).__name__}, not a Batch")
    rows = batch.layout.rows
    for what, column in (("values", batch.values), ("times", batch.times)):
        if column is not None and len(column) != len(rows):
            raise ValueError(f"flush() gave {len(column)} {what} for {len(rows)} rows")
    if not batch.stale and any(v != v for v in batch.values):  # noqa: PLR0124 (this is what tells NaN)
        raise ValueError("flush() gave a value that is not a number")
    return batch
