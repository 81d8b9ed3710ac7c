"""The base of every processor: what happens to samples between plugin and buffer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from orbital_sdk.fields import ProcessorConfig
from orbital_sdk.plugin import type_arguments

if TYPE_CHECKING:
    from orbital_sdk.batch import Batch, Origin, Row

P = TypeVar("P", bound=ProcessorConfig)


class Processor(Generic[P]):
    """Changes or drops samples. Override one of the two methods.

    `relabel` is the cheap one: it runs once a series, and its answer is kept in the layout.
    """

    name: ClassVar[str]
    """Also the entry point's name in the group `orbital.processors`."""
    summary: ClassVar[str] = ""
    contract: ClassVar[int] = 1
    """The contract of the SDK that it was written for. An agent that does not know this one refuses it."""
    config_model: ClassVar[type[ProcessorConfig]] = ProcessorConfig

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for argument in type_arguments(cls, Processor):
            if issubclass(argument, ProcessorConfig):
                cls.config_model = argument

    def __init__(self, config: P) -> None:
        self.config = config

    def relabel(self, row: Row, origin: Origin) -> Row | None:
        """The row under its new name and labels; None drops the series. Pure: called once a series."""
        return row

    def process(self, batch: Batch) -> Batch | None:
        """The batch with other values or rows; None drops it. Called for every batch."""
        return batch
