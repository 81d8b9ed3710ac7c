"""What the series are: top metrics, labels and devices, by series and by churn."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from orbital_cardinality.limits import SETTINGS
from orbital_cardinality.values import Values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from orbital_cardinality.budget import Budget
    from orbital_sdk import Row

TOP: Final = 10


def report(budget: Budget, top: int = TOP) -> Callable[[], dict[str, Any]]:
    """What there is now, as JSON types. Gives a function that does the long part: call it on a thread.

    Args:
        budget: What all tasks have.
        top: How many of each kind.
    """
    with budget.lock:
        holders = [*budget.holders]
        metrics, devices, tasks = (
            Counter(budget.by_metric),
            Counter(budget.by_device),
            Counter[str](),
        )
        churned, of_device, of_task = Counter[str](), Counter[str](), Counter[str]()
        for one in holders:
            ended = {m: n - one.held[m] for m, n in one.fresh.items() if n > one.held[m]}
            churned.update(ended)
            of_device[one.device] += sum(ended.values())
            of_task[one.task] += sum(ended.values())
            tasks[one.task] += one.held.total()
        rows = [one.rows() for one in holders]
        limits, told = budget.limits, budget.told
        found: dict[str, Any] = {
            "series": budget.total,
            "churn": churned.total(),
            "limits": {SETTINGS[s].rpartition(".")[2]: limits.most(s) for s in SETTINGS},
            "warnings": [one._asdict() for one in told],
            "metrics": _top("metric", metrics, churned, top),
            "devices": _top("device", devices, of_device, top),
            "tasks": _top("task", tasks, of_task, top),
        }
    return lambda: found | {"labels": _labels(rows, top)}


def _top(kind: str, series: Counter[str], churn: Counter[str], top: int) -> list[dict[str, Any]]:
    """Those with the most series, or the most that came and went within the hour."""
    names = sorted(series.keys() | +churn, key=lambda name: (-series[name] - churn[name], name))
    return [{kind: name, "series": series[name], "churn": churn[name]} for name in names[:top]]


def _labels(rows: Sequence[Iterable[Row]], top: int) -> list[dict[str, Any]]:
    """The labels with the most different values, of each metric on its own."""
    values: dict[tuple[str, str], Values] = {}
    for some in rows:
        for row in some:
            for label, value in row.labels:
                key = row.name, label
                if key not in values:
                    values[key] = Values()
                values[key].add(value)
    most = sorted(values, key=lambda key: (-len(values[key]), key))[:top]
    return [
        {
            "metric": metric,
            "label": label,
            "values": len(values[metric, label]),
            "exact": values[metric, label].exact,
        }
        for metric, label in most
    ]
