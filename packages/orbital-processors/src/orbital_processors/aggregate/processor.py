"""The processor `aggregate`."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from orbital_processors.aggregate.emission import Emission
from orbital_processors.aggregate.functions import outputs
from orbital_processors.aggregate.group import Groups, Held, Members
from orbital_processors.aggregate.settings import AggregateConfig
from orbital_processors.aggregate.window_file import WindowFile
from orbital_processors.aggregate.windows import Windows
from orbital_processors.matching.selector import names, selects_any
from orbital_sdk import Plan, Processor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from orbital_processors.aggregate.group import Group
    from orbital_processors.aggregate.windows import Window
    from orbital_sdk import Batch, Counter, Gauge, Layout, PluginHost, Row

SUBSETS: Final = 8
"""Sets of rows with one time that a plan keeps the groups of, for batches whose samples have times of
their own."""
SAVE: Final = 30_000
"""Milliseconds between two saves."""


class Aggregate(Processor[AggregateConfig]):
    """Groups the rows of a layout once; a batch then costs a few calls for each function."""

    name = "aggregate"
    summary = "Aggregates samples over windows of time and series"

    def __init__(self, config: AggregateConfig) -> None:
        super().__init__(config)
        computed = outputs(config)
        folds = {fold.name: fold for output in computed for fold in output.folds}
        self._length = round(config.interval * 1000)
        self._windows = Windows(self._length, round(config.delay * 1000), list(folds.values()))
        self._groups = Groups(config)
        self._emission = Emission(computed)
        self._selects = selects_any(config.match)
        self._counts: dict[str, Counter] = {}
        self._in_use: Gauge | None = None
        self._file: WindowFile | None = None
        self._saved_at = 0
        self._unsaved = False
        """Whether a window was given that the file still has."""

    async def start(self, host: PluginHost) -> None:
        self._counts = {
            "late": host.counter("late_samples", "Samples that came after their window was given"),
            "crowded": host.counter("refused_series", "Series for whose group there was no room"),
            "undefined": host.counter("undefined", "Aggregates of infinities that are not numbers"),
            "jumped": host.counter("clock_jumps", "Times that the clock went back behind a window"),
        }
        self._in_use = host.gauge("groups", "Groups in use")
        if self.config.persist and host.folder is not None:  # else what is open is given at the end
            self._file = WindowFile(host.folder, self._key, host.log)
            await self._file.restore(self._windows, self._groups)

    async def stop(self) -> None:
        if self._file is not None:
            await self._file.close()

    @classmethod
    def makes(cls, config: AggregateConfig) -> list[str]:
        suffixes = {output.suffix for output in outputs(config)}
        return [f"{name}{suffix}" for name in names(config.match) for suffix in suffixes]

    # ---- a layout -------------------------------------------------------------------------------

    def plan(self, layout: Layout) -> Plan | Sequence[Row | None]:
        groups: dict[int, Group] = {}
        rows: list[Row | None] = [*layout.rows]
        for place, row in enumerate(layout.rows):
            if not self._selects(row):
                continue
            group = self._groups.of(row, layout.origin)
            if group is None:
                self._count("crowded")
            else:
                groups[place] = group
            if not self.config.keep:
                rows[place] = None
        if not groups:
            return rows
        held = Held(groups)

        @lru_cache(SUBSETS)
        def part(places: tuple[int, ...]) -> Held:
            return Held({place: groups[place] for place in places})

        def step(batch: Batch) -> Sequence[float]:
            if batch.times is None:
                self._take(held.members, batch, batch.ts)
            else:
                for ts, places in _by_time(batch.times, groups).items():
                    self._take(part(places).members, batch, ts)
            return batch.values

        return Plan(rows, step)

    def _take(self, members: Members, batch: Batch, ts: int) -> None:
        window = self._windows.at(ts)
        if window is None:
            self._count("late", members.rows)
            window = self._windows.first() if self.config.late == "next" else None
        if window is not None:
            window.take(members, batch.values, ts)

    # ---- a window -------------------------------------------------------------------------------

    def flush(self, now: int, *, last: bool) -> Iterable[Batch]:
        due = self._windows.due(now)
        if due.jumped:
            self._count("jumped")
        windows = due.windows
        if last and self._file is None:
            windows += self._windows.all()
        given = [batch for window in windows for batch in self._given(window, now)]
        if self._in_use is not None:
            self._in_use.set(len(self._groups))
        self._unsaved |= bool(windows)  # a window that was given must not be given again
        if self._file is not None and (
            last or self._unsaved or not 0 <= now - self._saved_at < SAVE
        ):
            self._save(self._file, now, last=last)
        return given

    def _given(self, window: Window, now: int) -> Iterator[Batch]:
        before, end = self._emission.undefined, window.start + self._length
        yield from self._emission.batches(window.states(), min(end, max(now, window.start)))
        self._count("undefined", self._emission.undefined - before)

    def _count(self, name: str, more: int = 1) -> None:
        if more and name in self._counts:
            self._counts[name].add(more)

    # ---- across a restart -----------------------------------------------------------------------

    def _save(self, file: WindowFile, now: int, *, last: bool) -> None:
        if last or not file.busy:  # else at the next flush
            self._saved_at, self._unsaved = now, False
            file.write(self._windows)

    @property
    def _key(self) -> str:
        """Windows of other settings are not continued."""
        return sha256(self.config.model_dump_json().encode()).hexdigest()[:16]


def _by_time(times: Sequence[int], places: Iterable[int]) -> Mapping[int, tuple[int, ...]]:
    """The places that have each time, from the earliest on."""
    found: dict[int, list[int]] = {}
    for place in places:
        found.setdefault(times[place], []).append(place)
    return {ts: tuple(found[ts]) for ts in sorted(found)}
