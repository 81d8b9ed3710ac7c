"""Checks of single samples: the slow path, for collections in which something is invalid."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, cast

from orbital_sdk import Sample, Series

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Hashable, Iterable, Sequence


def valid_samples(
    samples: Iterable[object], latest: int, refused: Counter[str]
) -> tuple[list[Sample], dict[str, str]]:
    """The valid samples, and for each reason a description of an invalid one.

    Args:
        samples: What a plugin gave, of any type.
        latest: Milliseconds UTC; later timestamps are refused.
        refused: Takes the counts.
    """
    kept: list[Sample] = []
    examples: dict[str, str] = {}
    for sample in samples:
        reason = fault(sample, latest)
        if reason is None:
            kept.append(cast("Sample", sample))
        else:
            refused[reason] += 1
            if reason not in examples:
                examples[reason] = _described(sample)
    return kept, examples


def fault(sample: object, latest: int) -> str | None:
    """Why this sample is invalid; None if it is valid."""
    if not isinstance(sample, Sample) or not isinstance(sample.series, Series):  # pyright: ignore[reportUnnecessaryIsInstance] (msgspec checks no types here)
        return "not_a_sample"
    try:
        value = array("d", (sample.value,))[0]
    except Exception:  # noqa: BLE001 (a value's own __float__ may raise anything)
        return "not_a_number"
    if value != value:  # noqa: PLR0124 (this is what tells NaN)
        return "nan"
    return None if sample.ts is None else _fault_of_time(sample.ts, latest)


def _fault_of_time(ts: object, latest: int) -> str | None:
    if not isinstance(ts, int) or ts < 0:
        return "bad_timestamp"
    return "future" if ts > latest else None


def rounds(keys: Sequence[Hashable], times: Sequence[int]) -> tuple[list[list[int]], int]:
    """Groups samples with timestamps of their own, so that no series is twice in a group.

    Args:
        keys: What makes two samples the same series; None takes no part.
        times: Milliseconds UTC of each.

    Returns:
        Positions by round, in their given order, each series' oldest sample in the first round; and how
        many others repeat a series and a time.
    """
    where: dict[Hashable, list[int]] = {}
    for position, key in enumerate(keys):
        where.setdefault(key, []).append(position)
    dealt: list[list[int]] = [where.pop(None, [])]
    repeated = 0
    for positions in where.values():
        order = positions if len(positions) == 1 else sorted(positions, key=times.__getitem__)
        depth, last = 0, None
        for position in order:
            if times[position] == last:
                repeated += 1
                continue
            if depth == len(dealt):
                dealt.append([])
            dealt[depth].append(position)
            depth, last = depth + 1, times[position]
    return [sorted(positions) for positions in dealt], repeated


def _described(sample: object) -> str:
    """A description of the sample, without calling methods of foreign objects."""
    if not isinstance(sample, Sample) or not isinstance(sample.series, Series):  # pyright: ignore[reportUnnecessaryIsInstance] (as above)
        return f"{type(sample).__name__} is not a Sample"
    stamp = "" if sample.ts is None else f" and the timestamp {_shown(sample.ts)}"
    return f"{sample.series!r} with the value {_shown(sample.value)}{stamp}"


def _shown(value: object) -> str:
    """A number as it is; of anything else, and of numbers of thousands of digits, the type."""
    if type(value) is float or (type(value) is int and value.bit_length() <= 64):
        return repr(value)
    return f"of type {type(value).__name__}"
