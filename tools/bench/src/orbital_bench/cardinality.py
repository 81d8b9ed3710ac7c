"""Ten million distinct series thrown at a budget, with a calm task beside: memory, CPU, and what is lost."""

from __future__ import annotations

import time
from collections import Counter
from typing import Final

import psutil

from orbital_bench import report
from orbital_cardinality import Account, Budget, SeriesLimits

SERIES: Final = 10_000_000
COLLECTION: Final = 50_000
"""Series of one collection, none of which comes again."""
CALM: Final = 241
MOST: Final = 300_000
"""Different ones of the wild task within its hour."""


class _Row:
    """A series of which no cache knows: the memory of rows is the plugin's and the engine's."""

    __slots__ = ("labels", "name")

    def __init__(self, number: int, device: str) -> None:
        self.name = "http_response_bytes"
        self.labels = (("device_id", device), ("url", f"/p/{number}"))

    @property
    def key(self) -> object:
        return self.name, self.labels


class _Task:
    def __init__(self, budget: Budget, name: str) -> None:
        self.account = Account(budget, task=name, device=name, most=MOST)
        self.refused: Counter[str] = Counter()

    def collect(self, rows: list[_Row], ts: int) -> None:
        self.account.turn(ts)
        answers = [self.account.admit(row) for row in rows]  # pyright: ignore[reportArgumentType] (has what is asked of a row)
        left = tuple(row for row, scope in zip(rows, answers, strict=True) if scope is None)
        self.account.settle(left, 0)  # pyright: ignore[reportArgumentType] (as above)
        self.refused.update(scope for scope in answers if scope)


def run(series: int = SERIES) -> None:
    """Print how the memory goes, and the CPU of each series."""
    budget = Budget(SeriesLimits(agent=2 * COLLECTION))
    wild, calm = _Task(budget, "wild"), _Task(budget, "calm")
    known = [_Row(number, "calm") for number in range(CALM)]
    process, rows, began = psutil.Process(), list[list[object]](), time.process_time()
    for turn in range(series // COLLECTION):
        first = turn * COLLECTION
        wild.collect([_Row(n, "wild") for n in range(first, first + COLLECTION)], turn * 10_000)
        calm.collect(known, turn * 10_000)
        if (turn + 1) % max(1, series // COLLECTION // 10) == 0:
            spent = (time.process_time() - began) / (first + COLLECTION) * 1e6
            mib = process.memory_info().rss / (1 << 20)
            lost = calm.refused.total()
            rows.append([f"{first + COLLECTION:,}", mib, spent, wild.refused.total(), lost])
    head = ("series", "MiB", "CPU us/series", "refused", "of the calm task")
    report.table("A label that never repeats", head, rows)
    for told in budget.told:
        print(told.words)
