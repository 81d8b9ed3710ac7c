"""What a protocol has to bring along to be found by `sentinel discover`.

A package offers it by an entry point of the group `orbital.probes`, whose name is the protocol's, the
option's and the plugin's: `ups = "acme_ups.probe:UpsProbe"` makes `--ups`. It has to look like `Kind`;
nothing of this package need be imported for that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

GROUP: Final = "orbital.probes"


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


class Kind(Protocol):
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


@dataclass(frozen=True, slots=True)
class Found:
    """An answer, and where it came from."""

    host: str
    protocol: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Refusal:
    """Somebody is there, but may not be read."""

    host: str
    protocol: str
    why: str


@dataclass(slots=True)
class Sweep:
    """What a sweep has found so far."""

    found: list[Found] = field(default_factory=list[Found])
    refused: list[Refusal] = field(default_factory=list[Refusal])
    asked: int = 0
    """Addresses."""


def kinds(complain: Callable[[str], None]) -> dict[str, Kind]:
    """What is installed, by protocol; what cannot be loaded is told and left out."""
    found: dict[str, Kind] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda one: one.name):
        try:
            found[point.name] = cast("Kind", point.load())
        except Exception as error:  # noqa: BLE001 (someone else's code must not break the command)
            complain(f"probe {point.name} ({point.value}) cannot be loaded: {error}")
    return found
