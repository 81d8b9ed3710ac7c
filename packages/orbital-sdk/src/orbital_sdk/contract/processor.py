"""The base of every processor: what happens to samples between plugin and buffer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias, TypeVar

from orbital_sdk.contract.batch import Batch, Row
from orbital_sdk.contract.plugin import type_arguments
from orbital_sdk.fields import ProcessorConfig

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orbital_sdk.contract.batch import Layout
    from orbital_sdk.hosting.host import PluginHost

P = TypeVar("P", bound=ProcessorConfig)

Rows: TypeAlias = Sequence[Row | None]
Step: TypeAlias = Callable[[Batch], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What comes out of every batch of one layout."""

    rows: Rows
    """For each row of the layout the one that takes its place, itself included; None leaves it out. Behind
    these any rows that are new: they need a `step`, and have the batch's time."""
    step: Step | None = None
    """Gives a value for each of `rows`; NaN where there is no sample this time, anything where the row is
    None. Left out, values stay as they are."""


class Processor(Generic[P]):
    """Changes, drops or gathers samples.

    Life: `__init__(config)`, `await start(host)`, then `plan` once a layout, its step for each batch and
    `flush` about once a second, `await stop()`. Nothing is called after `stop`, and never two things at
    once, though not always by the same thread. One instance has one place in the configuration: it sees the
    samples of all tasks, of one task, or those for one output. It stays when other parts change.
    """

    name: ClassVar[str]
    """Also the entry point's name in the group `orbital.processors`."""
    summary: ClassVar[str] = ""
    contract: ClassVar[int] = 1
    """The contract of the SDK that it was written for. An agent that does not know this one refuses it."""
    stateless: ClassVar[bool] = False
    """Whether what it gives depends on its settings and on the rows and values of the batch alone: its steps
    remember nothing, it adds no rows and gathers nothing. Only such a processor may stand at an output, where
    a batch that was not delivered comes again."""
    config_model: ClassVar[type[ProcessorConfig]] = ProcessorConfig

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for argument in type_arguments(cls, Processor):
            if issubclass(argument, ProcessorConfig):
                cls.config_model = argument

    def __init__(self, config: P) -> None:
        self.config = config

    @classmethod
    def makes(cls, config: P) -> Iterable[str]:
        """Names of metrics that it gives to samples of other names, as far as the settings tell; `*` stands
        for any text. `sentinel validate` notes where two processors make the same.
        """
        return ()

    @classmethod
    def device_fields(cls, config: P) -> Iterable[str]:
        """Names in `Origin.fields` that it needs. One that needs some cannot stand at an output."""
        return ()

    async def start(self, host: PluginHost) -> None:
        """Get ready. Returns quickly, and raises `ConfigurationError` if it cannot.

        Args:
            host: Folder, clock, logger, own metrics and background tasks, until `stop`.
        """

    async def stop(self) -> None:
        """Close what `start` opened. Safe without `start`, and safe twice."""

    def plan(self, layout: Layout) -> Plan | Rows | None:
        """What becomes of the batches of this layout: a plan, its rows alone, or None for nothing at all.

        Where every row stays as it is, and where some are only left out or renamed, a batch costs nothing,
        or a slice. Asked again for a layout that was forgotten, so what has to outlive one stands in the
        processor (`PerSeries`).
        """
        raise NotImplementedError(f"processor {self.name!r} has no plan()")

    def ended(self, layout: Layout) -> None:
        """Destinations are told that these series ended, as they left the last processor: what comes of
        them next is new there.
        """

    def flush(self, now: int, *, last: bool) -> Iterable[Batch]:
        """What was gathered and is due: it goes to the processors behind this one.

        Args:
            now: Milliseconds UTC.
            last: Nothing is asked afterwards: the agent stops, or this processor is taken out.
        """
        return ()
