"""Samples out of a Prometheus page: the text format, or OpenMetrics through prometheus-client's parser."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final, cast

from prometheus_client.openmetrics.parser import (
    text_fd_to_metric_families as parse_openmetrics,  # pyright: ignore[reportUnknownVariableType] (untyped inside)
)

from orbital_exposition import MAX_LINE, Family, MalformedLineError, Reader
from orbital_plugin_http.budget import OverBudgetError, spend
from orbital_plugin_http.failure import ProbeFailedError, Reason
from orbital_plugin_http.patterns import PatternTooSlowError, compiled, found
from orbital_plugin_http.readings import LONGEST, Readings
from orbital_sdk import Metric, Sample
from orbital_sdk.metric import DEVICE_ID

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orbital_plugin_http.exposition_rules import PrometheusRules
    from orbital_sdk import Kind, Series

    Found = tuple[Series | None, float, int | None]
    """A series, or None where no rule wants it; value; milliseconds."""

_MALFORMED: Final = (ValueError, KeyError, IndexError, AttributeError, OverflowError)
"""The parser's ways to say so, and ours."""
REMEMBERED: Final = 100_000
"""Names and metrics kept from page to page; a page that makes up new ones each time starts it anew."""


class Exposition:
    """The `prometheus` rules of one plugin instance."""

    def __init__(self, rules: PrometheusRules, limit: int) -> None:
        self._rules = rules
        self._limit = limit
        self._include = [compiled(text) for text in rules.include]
        self._exclude = [compiled(text) for text in rules.exclude]
        self._taken: dict[str, bool] = {}
        self._metrics: dict[tuple[str, Kind, tuple[str, ...]], Metric] = {}
        self._reader = Reader(self._series)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Those seen so far: a page does not say beforehand what it will hold."""
        return tuple(self._metrics.values())

    def read(self, text: str, content_type: str, *, whole: bool = True) -> Readings:
        """The samples of a page. What stands before a mistake is kept.

        Args:
            text: The page.
            content_type: Of the response; tells the format.
            whole: Whether it is sure that nothing was cut off at its end.

        Raises:
            ProbeFailedError: It is not a Prometheus page at all, or takes too long to read.
        """
        openmetrics = "openmetrics" in content_type.lower()
        readings = Readings()
        if not (whole or openmetrics):  # which tells its end itself
            text = _whole_lines(text, readings)
        parse = self._openmetrics if openmetrics else self._text
        try:
            for series, value, ts in parse(text, readings):
                if series is None:
                    continue
                own = ts if self._rules.honor_timestamps else None
                readings.samples.append(Sample(series, value, own))
                if len(readings.samples) >= self._limit:
                    readings.miss(f"only the first {self._limit} samples are taken (max_values)")
                    break
        except _MALFORMED as error:
            reason = str(error)[:LONGEST] or "a line that makes no sense"
            if not readings.samples:
                message = f"the body is not a Prometheus page: {reason}"
                raise ProbeFailedError(Reason.BODY, message) from error
            readings.miss(f"the page is malformed after {len(readings.samples)} samples: {reason}")
        except PatternTooSlowError as error:
            readings.miss(str(error))
        except OverBudgetError as error:
            raise ProbeFailedError(Reason.BODY, str(error)) from error
        return readings

    def _text(self, text: str, readings: Readings) -> Iterator[Found]:
        page = self._reader.page()
        for line in _lines(text):
            try:
                sample = page.read(line)
            except MalformedLineError:
                raise
            except ValueError as error:
                readings.miss(str(error))
                continue
            if sample is not None:
                yield sample

    def _openmetrics(self, text: str, readings: Readings) -> Iterator[Found]:
        for parsed in cast("Any", parse_openmetrics)(_lines(text)):
            family = Family(parsed.name, parsed.type, parsed.documentation)
            for name, labels, value, time, *_ in parsed.samples:
                try:
                    series = self._series(name, labels, family, parsed.unit)
                except ValueError as error:
                    readings.miss(str(error))
                    continue
                yield series, float(value), None if time is None else round(float(time) * 1000)

    def _is_wanted(self, name: str) -> bool:
        known = self._taken.get(name)
        if known is None:
            if len(self._taken) >= REMEMBERED:
                self._taken.clear()
            known = self._taken[name] = self._matches(name)
        return known

    def _matches(self, name: str) -> bool:
        if any(found(pattern, name, whole=True) for pattern in self._exclude):
            return False
        return not self._include or any(found(p, name, whole=True) for p in self._include)

    def _series(
        self, name: str, labels: Mapping[str, str], family: Family, unit: str = ""
    ) -> Series | None:
        """None where no rule wants it."""
        if not self._is_wanted(name):
            return None
        names, kind = tuple(sorted(labels)), family.kind(name)
        metric = self._metrics.get((name, kind, names))
        if metric is None:
            if len(self._metrics) >= REMEMBERED:
                self._metrics.clear()
            metric = self._metrics[name, kind, names] = Metric(
                self._rules.prefix + name,
                family.help,
                kind=kind,
                unit=unit,
                labels=tuple(_renamed(label) for label in names),
            )
        return metric.series(*[labels[label] for label in names])


def _lines(text: str) -> Iterator[str]:
    """The page line by line, as long as there is time: OpenMetrics' parser takes the square of a line."""
    for line in io.StringIO(text):
        if len(line) > MAX_LINE:
            raise ValueError(f"a line of more than {MAX_LINE} characters")
        spend()
        yield line


def _whole_lines(text: str, readings: Readings) -> str:
    """Without a last line that may go on, so that its number may be another."""
    lines, end, rest = text.rpartition("\n")
    if rest.strip():
        readings.miss(f"the page ends within a line: {rest!r}")
    return lines + end


def _renamed(label: str) -> str:
    """The agent's own label gets out of its way, as Prometheus does it."""
    return f"exported_{label}" if label == DEVICE_ID else label
