"""The runs of series that came before, by the series that they begin with."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from orbital_remote_write.template import Template
from orbital_remote_write.wire import SAMPLE_SIZE, ZERO_HEAD, ZERO_SIZE, extent

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from orbital_remote_write.template import Run
    from orbital_sdk import Series

LENGTH: Final = 64
"""Series of a run."""
LONGEST: Final = 256
"""Series of a run at most, where some that began others come no more."""
NEAR: Final = 256
"""Series among which the beginning of a run is looked for."""


class Templates:
    """Finds known runs in requests, and learns new ones.

    Certain series begin a run wherever they stand, so requests that begin anywhere have the same runs.

    Args:
        series: By their labels.
        length: One series in this many, as they come first, begins a run.
    """

    def __init__(self, series: Mapping[bytes, Series], length: int = LENGTH) -> None:
        self._find = series.get
        self._length = length
        self._begin: dict[Series, Template] = {}
        """The runs that begin with these."""
        self._in: dict[Series, Template] = {}
        """The runs that have these."""
        self._count = 0

    def new(self, series: Series) -> None:
        """A series that came for the first time."""
        if self._count % self._length == 0:
            self._begin[series] = Template(())
        self._count += 1

    def next(self, body: bytes, at: int) -> tuple[int, Run | None]:
        """Where the next run of known shape stands, and what it holds; the end, where none is near.

        A request may begin or end inside of a run.
        """
        for _ in range(NEAR):
            start, stop = extent(body, at)
            if not start:
                break
            series = self._series(body, start, stop)
            if series is not None and (template := (self._begin if at else self._in).get(series)):
                run = template.read(body, at, series)
                if run is not None:
                    return at, run
            at = stop
        return len(body), None

    def learn(
        self,
        series: Sequence[Series | None],
        packed: Sequence[bytes],
        zeros: Container[int],
        *,
        ends: bool,
    ) -> None:
        """Series came one after the other. A run that came so before is expected from now on.

        Args:
            series: None where something else stood.
            packed: Their bytes.
            zeros: Which of them have no value.
            ends: Whether a run begins behind them.
        """
        begins = [at for at, one in enumerate(series) if one in self._begin]
        for start, stop in pairwise([*begins, len(series)] if ends else begins):
            run = tuple([one for one in series[start:stop] if one is not None])
            if len(run) < stop - start or len(run) > LONGEST:
                continue
            template = self._begin[run[0]]
            if template.series == run:
                template.shape(packed[start:stop], [at in zeros for at in range(start, stop)])
                self._in.update(dict.fromkeys(run, template))
            else:
                self._begin[run[0]] = Template(run)
                for one in template.series:  # else each series that ended keeps a run in memory
                    if self._in.get(one) is template:
                        del self._in[one]

    def _series(self, body: bytes, start: int, stop: int) -> Series | None:
        series = self._find(body[start : stop - SAMPLE_SIZE])
        if series is None and body[stop - ZERO_SIZE : stop - 6] == ZERO_HEAD:
            series = self._find(body[start : stop - ZERO_SIZE])
        return series
