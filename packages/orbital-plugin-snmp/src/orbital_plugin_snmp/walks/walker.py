"""Walks columns side by side, with requests as large as the device takes."""

from __future__ import annotations

import time
from math import ceil
from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_plugin_snmp.engines.errors import ErrorStatus, Malformed, NoAnswer, TooBig
from orbital_plugin_snmp.walks.ahead import Ahead
from orbital_plugin_snmp.walks.column import ColumnWalk
from orbital_plugin_snmp.walks.learned import MOST, REPETITIONS, Leg, Shape, Step
from orbital_plugin_snmp.walks.walked import Walked
from orbital_plugin_snmp.wire.smi import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_plugin_snmp.engines.port import Session
    from orbital_plugin_snmp.walks.learned import Learned
    from orbital_plugin_snmp.wire.smi import VarBind

ENVELOPE: Final = 80
"""Bytes of an answer around its varbinds: community or USM, and the PDU's head."""
UNKNOWN_ROWS: Final = 25
"""Rows to ask for where nobody knows how many there are."""


class WalkLimits(NamedTuple):
    """Of walks."""

    response_size: int
    """Bytes that answers should have at most."""
    max_rows: int
    """Rows of a column at which the walk ends."""


class Walker:
    """One walk.

    Args:
        session: The device.
        learned: How it likes to be walked; changed by what happens.
        columns: OIDs of columns; they should have an index in common.
        limits: How much to ask for at once, and at all.
        deadline: `time.monotonic()` at which it ends.
    """

    def __init__(
        self,
        session: Session,
        learned: Learned,
        columns: Sequence[bytes],
        *,
        limits: WalkLimits,
        deadline: float,
    ) -> None:
        self._session = session
        self._learned = learned
        self._walks = [ColumnWalk(column) for column in columns]
        self._limits = limits
        self._deadline = deadline
        self._troubled = False
        self._answered = False
        self._most = MOST
        """Varbinds that requests of this walk may ask for."""
        self._taken: list[Step] = []
        route = learned.set_out(tuple(columns), time.time())
        self._ahead = Ahead(session, route, learned.ahead, deadline)

    async def run(self) -> Walked:
        """Walk all columns to their ends.

        Raises:
            NoAnswer, Refused, Malformed, ErrorStatus: Before anything came.
        """
        retries = self._session.cost.retries
        try:
            await self._walk()
        finally:
            self._ahead.drop()
        self._learn(lost=self._session.cost.retries > retries)
        return self._walked()

    async def _walk(self) -> None:
        active, before, repetitions = self._walks, list[ColumnWalk](), 0
        while active:
            part = active[: min(self._learned.columns, self._most)]
            if time.monotonic() >= self._deadline:
                self._end(active, "the task's time was over")
                break
            if part != before or self._troubled:
                before, repetitions = part, self._repetitions(part)
            await self._step(part, repetitions)
            active = [walk for walk in active if not walk.over]

    def _learn(self, *, lost: bool) -> None:
        learned = self._learned
        if self._ahead.astray:
            learned.strayed()
        if not self._troubled:
            learned.went_well()
        if learned.ahead > 1 and (lost or self._troubled):
            learned.limit(time.time())
        elif not lost and not self._troubled:
            learned.arrived(tuple([walk.column for walk in self._walks]), tuple(self._taken))

    async def _step(self, walks: list[ColumnWalk], repetitions: int) -> None:
        """One request, and what came of it."""
        step = Step(tuple([walk.cursor for walk in walks]), repetitions)
        asked, now = step.asked, time.monotonic()
        self._taken.append(step)
        try:
            flight = await self._ahead.take(step)
            answer = await self._session.bulk(
                asked, repetitions, now + (self._deadline - now) / 2, flight=flight
            )
        except (TooBig, NoAnswer) as error:
            self._ask_for_less(walks, repetitions, error)
        except ErrorStatus as error:
            self._leave_out(walks, error)
        except Malformed as error:
            self._give_up(walks, error)
        else:
            self._answered = True
            self._learned.answered(repetitions * len(walks))
            if answer:
                self._take(asked, walks, answer)
            else:
                empty = TooBig("an answer without anything in it")
                self._ask_for_less(walks, repetitions, empty)

    def _take(
        self, asked: tuple[bytes, ...], walks: list[ColumnWalk], answer: list[VarBind]
    ) -> None:
        """Row by row, one varbind for each column; the last row may be cut short."""
        count, most = len(walks), self._limits.max_rows
        names = answer.names if isinstance(answer, Rows) else None
        leg = self._learned.legs.get(asked)
        if leg is not None and leg.names is names:
            for number, (walk, end) in enumerate(zip(walks, leg.ends, strict=True)):
                walk.repeat(answer[number::count], *end)
        else:
            before = [len(walk.rows) for walk in walks]
            for number, walk in enumerate(walks[: len(answer)]):
                walk.take(answer[number::count])
            if names is not None and not any(walk.problem for walk in walks):
                ends = [
                    (len(w.rows) - n, w.cursor, w.over) for w, n in zip(walks, before, strict=True)
                ]
                self._learned.keep(asked, Leg(names, tuple(ends)))
        for walk in walks:
            if len(walk.rows) >= most and not walk.over:
                del walk.rows[most:]
                walk.stop(f"it has more than max_rows, {most} rows")

    def _repetitions(self, walks: list[ColumnWalk]) -> int:
        """Rows to ask for: what fits, evenly spread over the requests that the last walk needed."""
        shapes = self._learned.shapes
        known = [shapes.get(walk.column) for walk in walks]
        row = sum(s.size if s else w.size for s, w in zip(known, walks, strict=True))
        fit = min(REPETITIONS, int((self._limits.response_size - ENVELOPE) / row))
        fit = max(1, min(fit, min(self._learned.cells, self._most) // len(walks)))
        if None in known:
            return min(fit, UNKNOWN_ROWS)
        most = max(s.rows for s in known if s) + 1  # one more, to see the end
        left = max(1, most - min(len(walk.rows) for walk in walks))
        return ceil(left / ceil(left / fit))

    def _ask_for_less(
        self, walks: list[ColumnWalk], repetitions: int, error: TooBig | NoAnswer
    ) -> None:
        self._troubled = True
        learned, asked = self._learned, repetitions * len(walks)
        silent = isinstance(error, NoAnswer) and not self._answered
        if isinstance(error, TooBig):  # rows have grown since they were measured
            for walk in walks:
                learned.shapes.pop(walk.column, None)
            smaller = learned.halve(asked)
        else:
            smaller, self._most = asked > 1, max(1, asked // 2)  # of this walk
            if self._session.cost.values:  # else it is as silent about everything
                learned.unanswered(asked)
        if silent or not smaller or time.monotonic() >= self._deadline:
            self._give_up(walks, error)

    def _leave_out(self, walks: list[ColumnWalk], error: ErrorStatus) -> None:
        """An error over one column: the others go on without it, or with fewer at a time to find it."""
        self._troubled = True
        count = len(walks)
        if error.index > 0 and count > 1:
            self._end([walks[(error.index - 1) % count]], str(error))
        elif count == 1 or not self._learned.halve(count):
            self._give_up(walks, error)

    def _give_up(
        self, walks: list[ColumnWalk], error: TooBig | NoAnswer | ErrorStatus | Malformed
    ) -> None:
        """These columns end here. Nothing came of any so far: then the error is the whole answer."""
        self._troubled = True
        if not self._answered and not isinstance(error, TooBig):
            raise error
        self._end(walks, str(error))

    def _end(self, walks: list[ColumnWalk], why: str) -> None:
        for walk in walks:
            walk.stop(why)

    def _walked(self) -> Walked:
        walked = Walked()
        for walk in self._walks:
            walked.columns[walk.column] = walk.rows
            if walk.problem:
                walked.problems[walk.column] = f"{walk.problem}, after {len(walk.rows)} rows"
                continue
            known = self._learned.shapes.get(walk.column)
            if known is None or known.rows != len(walk.rows):
                self._learned.shapes[walk.column] = Shape(len(walk.rows), walk.size)
        return walked
