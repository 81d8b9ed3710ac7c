"""What a plugin gives becomes records, and records become what a plugin gave."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from orbital_sdk import metric as sdk
from orbital_sdk.wire.columns import Malformed, as_doubles, as_integers, doubles, integers
from orbital_sdk.wire.limits import NO_TIME, TABLES
from orbital_sdk.wire.numbers import Numbers
from orbital_sdk.wire.records import Metric, Record, Records, Samples, Series, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orbital_sdk.contract.records import Records as Given

    Handles = tuple[sdk.Series, ...]


class Outgoing:
    """The end of a session that gives: it knows which tables the other end has."""

    def __init__(self) -> None:
        self._numbers: Numbers[Handles] = Numbers(TABLES)

    def packed(self, given: Given) -> Records:
        """What one `collect` or `emit` gives. Nothing crosses for nothing.

        Raises:
            TypeError, OverflowError: A value is not a number, or a time no whole one.
            ValueError: `Columns` has not as many values or times as series.
        """
        if isinstance(given, sdk.Columns):
            series, values = given.series, doubles(given.values)
            times = None if given.times is None else integers(given.times)
        else:
            samples = list(given)
            series = tuple([sample.series for sample in samples])
            values = doubles([sample.value for sample in samples])
            times = _times([sample.ts for sample in samples])
        width = 8 * len(series)
        if len(values) != width or (times is not None and len(times) != width):
            raise ValueError("Columns has not one value, and one time if any, for each series")
        return self._records(series, values, times) if series else ()

    def forget(self) -> None:
        """Tell all tables again: a message with one was not sent."""
        self._numbers = Numbers(TABLES)

    def _records(self, series: Handles, values: bytes, times: bytes | None) -> Records:
        number, known = self._numbers.of(series)
        samples = Samples(number, values, times)
        return (samples,) if known else (_table(number, series), samples)


class Incoming:
    """The end of a session that takes. Series that come again are the same objects as before."""

    def __init__(self) -> None:
        self._tables: dict[int, Handles] = {}

    def unpacked(self, records: Sequence[Record]) -> Iterator[list[sdk.Sample] | sdk.Columns]:
        """What was given: `Columns`, or samples where only some of them have times of their own.

        Raises:
            Malformed: A table that was never told, a column of another length, a name that no metric has.
        """
        for record in records:
            if isinstance(record, Table):
                self._tables[record.table] = _series(record)
            else:
                yield self._taken(record)

    def _taken(self, samples: Samples) -> list[sdk.Sample] | sdk.Columns:
        series = self._tables.get(samples.table)
        if series is None:
            raise Malformed(f"samples of table {samples.table}, which was never sent")
        values = as_doubles(samples.values, len(series))
        if samples.times is None:
            return sdk.Columns(series, values)
        times = as_integers(samples.times, len(series))
        if NO_TIME not in times:
            return sdk.Columns(series, values, times)
        own = [None if ts == NO_TIME else ts for ts in times]
        return [*map(sdk.Sample, series, values, own)]


def _table(number: int, series: Handles) -> Table:
    places = {metric: at for at, metric in enumerate(dict.fromkeys(one.metric for one in series))}
    metrics = [Metric(m.name, m.help, m.kind, m.unit, m.labels, m.honor_labels) for m in places]
    return Table(
        number, tuple(metrics), tuple([Series(places[s.metric], s.values) for s in series])
    )


def _times(given: list[int | None]) -> bytes | None:
    if given.count(None) == len(given):
        return None
    return integers([NO_TIME if ts is None else ts for ts in given])


def _series(table: Table) -> Handles:
    try:
        metrics = [_metric(one) for one in table.metrics]
        return tuple([metrics[row.metric].series(*row.values) for row in table.series])
    except IndexError:
        raise Malformed(f"table {table.table} has a series of a metric that it lacks") from None
    except (TypeError, ValueError) as error:
        raise Malformed(f"table {table.table}: {error}") from error


@lru_cache(maxsize=4096)
def _metric(told: Metric) -> sdk.Metric:
    return sdk.Metric(
        told.name,
        told.help,
        kind=told.kind,
        unit=told.unit,
        labels=told.labels,
        honor_labels=told.honor_labels,
    )
