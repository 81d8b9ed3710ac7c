"""The base of every writer: one destination's format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from orbital_sdk.contract.plugin import type_arguments
from orbital_sdk.fields import WriterConfig

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from orbital_sdk.contract.batch import Batch
    from orbital_sdk.contract.context import Attempt
    from orbital_sdk.contract.written import WriteAnswer
    from orbital_sdk.hosting.host import PluginHost

W = TypeVar("W", bound=WriterConfig)


class Writer(Generic[W]):
    """Delivers batches to one destination. One instance serves one output.

    Life: `__init__(config)`, `await start(host)`, many `write` (one at a time), `await stop()`. A
    destination that is down at `start` is not an error: `write` will say so.
    """

    name: ClassVar[str]
    """Also the entry point's name in the group `orbital.writers`."""
    summary: ClassVar[str] = ""
    contract: ClassVar[int] = 1
    """The contract of the SDK that it was written for. An agent that does not know this one refuses it."""
    takes_stale_markers: ClassVar[bool] = False
    """Whether batches with `stale` set are of use here."""
    takes_old_samples: ClassVar[bool] = True
    """Whether samples may come older than those already stored (no strict order per series). After an
    outage fresh samples then go first, and what waited meanwhile beside them."""

    config_model: ClassVar[type[WriterConfig]] = WriterConfig

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for argument in type_arguments(cls, Writer):
            if issubclass(argument, WriterConfig):
                cls.config_model = argument

    def __init__(self, config: W) -> None:
        self.config = config

    @property
    def address(self) -> str:
        """Where it writes, for logs and status pages: no user, no password, no query."""
        return ""

    async def start(self, host: PluginHost) -> None:
        """Get ready. Does not contact the destination.

        Args:
            host: Folder, clock, logger, own metrics and background tasks, until `stop`.
        """

    async def stop(self) -> None:
        """Close what is open. Safe without `start`, and safe twice."""

    def write(
        self, batches: Sequence[Batch], attempt: Attempt
    ) -> WriteAnswer | Awaitable[WriteAnswer]:
        """Store all of these, and say what became of them. Plain `def` runs on a thread of its own.

        Args:
            batches: Those of a task in order of collection; times never go back within one layout.
            attempt: Which attempt at these batches this is.

        Returns:
            `Written`, with the refused samples where the destination names them, or `NotWritten`.

        Raises:
            WriterUnavailable, WriterMisconfigured: Nothing is known; all is kept and comes again.
        """
        raise NotImplementedError(f"writer {self.name!r} has no write()")

    def test_connection(self) -> str | Awaitable[str]:
        """Say in one line that the destination would take samples; raise as `write` does if it wouldn't.

        Between `start` and `stop`; no sample is written. Plain `def` runs on a thread. May be left out: then
        `sentinel validate --connect` says that nobody can be asked.
        """
        raise NotImplementedError
