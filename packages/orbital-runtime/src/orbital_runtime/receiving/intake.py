"""Copies and validates emitted records as columns, with a limit of their number."""

from __future__ import annotations

import asyncio
from array import array
from itertools import compress, islice
from math import isnan
from struct import pack
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from orbital_runtime.engine.batching.checks import valid_samples
from orbital_sdk import STALE_BYTES, Columns, EmissionTooLarge, Sample
from orbital_sdk.calling.invoke import as_samples, whole

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Sequence

    from orbital_sdk import Series
    from orbital_sdk.contract.records import Records

BREATH: Final = 1000
"""Samples taken from an iterable before the event loop gets control."""


class Table(NamedTuple):
    """Samples of one emission."""

    series: tuple[Series, ...]
    values: array[float]
    times: array[int] | None
    """Time of each sample in milliseconds UTC; None for the time of the emission."""
    stale: bool = False
    """Whether these series ended."""

    def part(self, start: int, stop: int) -> Table:
        """Samples `start` to `stop`."""
        times = self.times
        values = self.values[start:stop]
        return Table((), values, None if times is None else times[start:stop], self.stale)

    def picked(self, which: list[bool]) -> Table:
        """The samples whose entry in `which` is true."""
        times = None if self.times is None else array("q", compress(self.times, which))
        values = array("d", compress(self.values, which))
        return Table(tuple(compress(self.series, which)), values, times, self.stale)


async def take(records: Records, limit: int) -> Columns | list[Sample]:
    """Read all emitted records.

    Raises:
        EmissionTooLarge: More samples than the limit.
        TypeError, ValueError: They are not valid records.
    """
    if isinstance(records, Columns):
        _check(len(records.series), limit)
        return whole(records)
    if isinstance(records, list | tuple):
        _check(len(cast("Sequence[Sample]", records)), limit)
        return [*cast("Sequence[Sample]", records)]
    samples = as_samples(records)
    if samples is None:
        raise TypeError(f"emit() was given {type(records).__name__}; give samples, or Columns")
    return await _drawn(samples, limit)


async def _drawn(records: Iterable[Sample], limit: int) -> list[Sample]:
    """Read from an iterable, which may be endless."""
    samples: list[Sample] = []
    drawn = iter(records)
    while some := [*islice(drawn, BREATH)]:
        samples += some
        _check(len(samples), limit)
        await asyncio.sleep(0)
    return samples


def _check(samples: int, limit: int) -> None:
    if samples > limit:
        raise EmissionTooLarge(
            f"an emission of {samples:,} samples or more; {limit:,} are allowed"
            " (collector.limits.samples_per_run): emit it in parts",
            limit=limit,
            given=samples,
        )


def tables(
    taken: Columns | list[Sample], now: int, latest: int, refused: Counter[str]
) -> tuple[list[Table], dict[str, str]]:
    """The valid samples, with ends of series in a separate table; and one example for each reason to refuse.

    Args:
        taken: The emitted records.
        now: Milliseconds UTC.
        latest: Milliseconds UTC; a later time is refused.
        refused: Counts the refused samples by reason.
    """
    try:
        return _without_nan(_checked(taken, now, latest), refused)
    except Exception:  # noqa: BLE001 (foreign values may raise anything: each is checked then)
        samples = [*taken.samples()] if isinstance(taken, Columns) else taken
    ends = [sample for sample in samples if _is_end(sample)]
    ended = set(map(id, ends))
    others = [sample for sample in samples if id(sample) not in ended]
    kept, examples = valid_samples(others, latest, refused)
    sound, odd = valid_samples(_with_a_number(ends), latest, refused)
    made = [_of_samples(kept, now), _of_samples(sound, now)._replace(stale=True)]
    return [table for table in made if table.series], examples | odd


def _checked(taken: Columns | list[Sample], now: int, latest: int) -> Table:
    """All records, if all are valid, apart from NaN; otherwise raises."""
    table = _of_columns(taken) if isinstance(taken, Columns) else _of_samples(taken, now)
    if table.times:
        first, times = table.times[:1], table.times
        different = {*(first if times == first * len(times) else times)}
        if min(different) < 0 or max(different) > latest:
            raise ValueError("a time that cannot be")
    return table


def _without_nan(table: Table, refused: Counter[str]) -> tuple[list[Table], dict[str, str]]:
    """Samples without NaN, and ends of series; returned as by `tables`."""
    values = table.values
    if not isnan(sum(values)):
        return [table], {}
    nan = [isnan(value) for value in values]
    ends = [
        odd and pack("<d", value) == STALE_BYTES for odd, value in zip(nan, values, strict=True)
    ]
    examples: dict[str, str] = {}
    if lost := sum(nan) - sum(ends):
        refused["nan"] += lost
        first = next(at for at, odd in enumerate(nan) if odd and not ends[at])
        examples["nan"] = f"{table.series[first]!r} has no number"
    made = [table.picked([not odd for odd in nan]), table.picked(ends)._replace(stale=True)]
    return [one for one in made if one.series], examples


def _of_columns(columns: Columns) -> Table:
    times = None if columns.times is None else array("q", columns.times)
    return Table(columns.series, array("d", columns.values), times)


def _of_samples(samples: list[Sample], now: int) -> Table:
    times = [sample.ts for sample in samples]
    own = None
    if times.count(None) < len(times):
        own = array("q", [now if ts is None else ts for ts in times])
    values = array("d", [sample.value for sample in samples])
    return Table(tuple([sample.series for sample in samples]), values, own)


def _is_end(sample: object) -> bool:
    if not isinstance(sample, Sample) or type(sample.value) is not float:
        return False
    return pack("<d", sample.value) == STALE_BYTES


def _with_a_number(ends: list[Sample]) -> list[Sample]:
    """The ends with a number as value, so that they are validated like other samples."""
    return [Sample(sample.series, 0.0, sample.ts) for sample in ends]
