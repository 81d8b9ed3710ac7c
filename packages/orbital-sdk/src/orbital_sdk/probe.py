"""What a protocol brings along to be found by `sentinel discover`.

A package offers it by an entry point of the group `orbital.probes`, whose name is the protocol's, the
option's and the plugin's: `ups = "acme_ups.probe:UpsProbe"` makes `--ups`. It has to look like `ProbeType`;
nothing of here need be imported for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Answer(Protocol):
    """A device that answers."""

    @property
    def name(self) -> str:
        """As it calls itself; may be empty."""
        ...

    @property
    def about(self) -> str:
        """One line about it."""
        ...

    @property
    def fields(self) -> Mapping[str, Any]:
        """What a task needs in `config` to read it, as a configuration file has it."""
        ...


class Probe(Protocol):
    """Asks addresses, many at once."""

    async def look(self, host: str) -> Answer | None:
        """Ask one; None where nobody answers.

        Raises:
            CollectError: Somebody is there, but it is not to be read so; the message says why.
        """
        ...

    async def close(self) -> None:
        """Let go of sockets."""
        ...


class ProbeType(Protocol):
    """Makes probes; a class, most of the time."""

    help: str
    """Of the option."""

    def __call__(self, given: Sequence[str], *, timeout: float, retries: int) -> Probe:
        """A probe, made within a running loop.

        Args:
            given: What the user wrote behind the option, once or several times.
            timeout: Seconds of an attempt.
            retries: Attempts after the first.

        Raises:
            ConfigurationError: What was given cannot work.
        """
        ...
