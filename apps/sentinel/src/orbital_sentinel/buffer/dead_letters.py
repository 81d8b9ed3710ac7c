"""Dead letters of the running agent, or of a stopped agent's folder."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, urlencode

from orbital_buffer.format.letter import id_of
from orbital_buffer.format.stored import letter_key
from orbital_buffer.inspection.wording import no_such_output
from orbital_buffer.letters.reader import LettersAtRest
from orbital_buffer.letters.view import view
from orbital_buffer.model.damage import Damaged
from orbital_buffer.model.errors import BufferFull
from orbital_buffer.model.letter_index import Wanted
from orbital_sentinel.buffer.access import stopped_buffer, why_silent
from orbital_sentinel.buffer.offline import offline_buffer
from orbital_sentinel.client.locate import client
from orbital_sentinel.errors import Failure, Misuse
from orbital_sentinel.process import loop
from orbital_sentinel.terminal.times import older_than as age_of

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from orbital_buffer.inspection.sources.directory import Directory
    from orbital_sentinel.client.client import Client

ROUTE = "/api/v1/buffer/dead-letters"
View = dict[str, Any]


class Selection:
    """The dead letters that the user selected.

    Args:
        output: Name of the output; empty for all outputs.
        older_than: A duration such as `2h`; empty for any age.
        limit: Maximum number; None for all.

    Raises:
        Misuse: `older_than` is not a duration.
    """

    def __init__(self, output: str, older_than: str, limit: int | None) -> None:
        self.output = output
        self.limit = limit
        self._age = age_of(older_than)
        self.wanted = Wanted(output or None, self._age and self._age.before_ms, limit)
        whose = f" of output {output}" if output else ""
        self.which = whose + (f" that are older than {older_than}" if older_than else "")
        """The selection as text that follows `dead letters`."""

    @property
    def query(self) -> View:
        """Query parameters for the agent, which measures an age from the time of the request."""
        age = self._age and self._age.asked
        told = {"output": self.output, "older_than": age, "limit": self.limit}
        return {name: value for name, value in told.items() if value not in ("", None)}


class DeadLetters(Protocol):
    """Access to dead letters."""

    def list(self, chosen: Selection) -> View:
        """The number as `total`, and the newest ones as `letters`."""
        ...

    def show(self, letter: str) -> View:
        """One dead letter."""
        ...

    def count(self, chosen: Selection) -> int: ...

    def purge(self, chosen: Selection) -> int: ...

    def replay(self, chosen: Selection) -> int: ...


@contextmanager
def dead_letters(config: Path | None) -> Generator[DeadLetters]:
    """The dead letters of this configuration.

    Raises:
        Failure, BufferUnusable: There is no buffer, or it cannot be opened.
    """
    agent = client(config)
    silent = why_silent(agent)
    if silent is None:
        yield LiveDeadLetters(agent)
        return
    with stopped_buffer(config, silent) as directory:
        yield StoppedDeadLetters(config, directory)


class LiveDeadLetters:
    """Dead letters of a running agent."""

    def __init__(self, agent: Client) -> None:
        self._agent = agent

    def list(self, chosen: Selection) -> View:
        return self._agent.get(f"{ROUTE}?{urlencode(chosen.query)}")

    def show(self, letter: str) -> View:
        _id(letter)
        return self._agent.get(f"{ROUTE}/{quote(letter, safe='')}")

    def count(self, chosen: Selection) -> int:
        return self._change("purge", chosen, {"count": 1})

    def purge(self, chosen: Selection) -> int:
        return self._change("purge", chosen, {})

    def replay(self, chosen: Selection) -> int:
        return self._change("replay", chosen, {})

    def _change(self, what: str, chosen: Selection, more: View) -> int:
        return self._agent.post(f"{ROUTE}/{what}?{urlencode(chosen.query | more)}")["letters"]


class StoppedDeadLetters:
    """Dead letters in a folder that no process uses."""

    def __init__(self, config: Path | None, directory: Directory) -> None:
        self._config = config
        self._directory = directory
        self._letters = LettersAtRest(directory.found.letters, self._get)

    def list(self, chosen: Selection) -> View:
        self._check(chosen)
        found = [view(letter) for letter in self._letters.list(chosen.wanted)]
        return {"total": self._letters.count(chosen.wanted._replace(limit=None)), "letters": found}

    def show(self, letter: str) -> View:
        found = self._letters.show(_id(letter))
        if found is None:
            raise Failure(f"there is no dead letter {letter}")
        return view(found)

    def count(self, chosen: Selection) -> int:
        self._check(chosen)
        return self._letters.count(chosen.wanted)

    def purge(self, chosen: Selection) -> int:
        return loop.run(self._purge(chosen.wanted))

    def replay(self, chosen: Selection) -> int:
        try:
            return loop.run(self._replay(chosen.wanted))
        except LookupError as error:
            raise Failure(str(error.args[0])) from error
        except BufferFull as error:
            raise Failure(str(error)) from error

    async def _purge(self, wanted: Wanted) -> int:
        async with offline_buffer(self._config).opened() as buffer:
            return await buffer.dead_letters.purge(wanted)

    async def _replay(self, wanted: Wanted) -> int:
        async with offline_buffer(self._config).opened() as buffer:
            return await buffer.dead_letters.replay(wanted)

    def _get(self, letter: int) -> bytes:
        data = self._directory.store.get(letter_key(letter))
        if data is None:
            raise Damaged("it is not in the database any more")
        return data

    def _check(self, chosen: Selection) -> None:
        known = self._directory.log.ledger.accounts()
        if chosen.output and chosen.output not in known:
            raise Failure(no_such_output(chosen.output, known))


def _id(text: str) -> int:
    try:
        return id_of(text)
    except ValueError as error:
        raise Misuse(str(error)) from error
