"""Walking tables one after the other, each column once, whatever becomes of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_sdk import AuthenticationFailed, CollectError, DeviceUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orbital_plugin_snmp.session.reader import Reader
    from orbital_plugin_snmp.wire.smi import VarBind

SILENCE: Final = 2
"""Requests in a row that get no answer until the rest of the poll is given up."""


class Gathering:
    """What one poll has read so far.

    Args:
        reader: The device.
    """

    def __init__(self, reader: Reader) -> None:
        self.columns: dict[bytes, list[VarBind]] = {}
        """Column -> its varbinds, those included that came before it failed; empty where there are none."""
        self.whole: dict[bytes, list[VarBind]] = {}
        """The columns of which nothing is missing."""
        self.failures: dict[str, str] = {}
        """Table -> why it could not be read, or not wholly."""
        self.answered = False
        self.error: CollectError | None = None
        """The first that was raised."""
        self._reader = reader
        self._problems: dict[bytes, str] = {}
        self._silent = 0

    @property
    def given_up(self) -> bool:
        return self._silent >= SILENCE

    async def walk(self, table: str, columns: Iterable[bytes]) -> bool:
        """Read columns of a table; those that an earlier table had are not read again.

        Returns:
            Whether all of them are there. Why not stands in `failures`.

        Raises:
            AuthenticationFailed: The device refuses the credentials.
        """
        wanted = list(columns)
        missing = [c for c in wanted if c not in self.columns and c not in self._problems]
        if missing and not await self._ask(table, missing):
            return False
        problem = next((self._problems[c] for c in wanted if c in self._problems), None)
        if problem is not None:
            self.failures.setdefault(table, problem)
        return problem is None

    async def get(self, oids: Sequence[bytes]) -> list[VarBind]:
        """Read scalars; nothing where that fails, which stands in `failures` then."""
        try:
            found = await self._reader.get(oids)
        except CollectError as error:
            self._note("scalars", error)
            return []
        self._note_answer()
        return found

    async def _ask(self, table: str, columns: Sequence[bytes]) -> bool:
        if self.given_up:
            self.failures.setdefault(table, "not asked for: the device stopped answering")
            return False
        before = self._reader.cost.values
        try:
            walked = await self._reader.walk(columns, table=table)
        except CollectError as error:
            self._note(table, error)
            return False
        if self._reader.cost.values > before or any(walked.columns.values()):
            self._note_answer()  # else it was not even asked: it is known to lack them
        self._problems |= walked.problems
        self.columns |= walked.columns
        self.whole |= {c: v for c, v in walked.columns.items() if c not in walked.problems}
        return True

    def _note_answer(self) -> None:
        self.answered = True
        self._silent = 0

    def _note(self, what: str, error: CollectError) -> None:
        """A refusal ends the poll, since all else would be refused as well; silence may be one table's."""
        if isinstance(error, AuthenticationFailed) and not self.answered:
            raise error
        self.failures.setdefault(what, str(error))
        self.error = self.error or error
        self._silent += isinstance(error, DeviceUnreachable)
