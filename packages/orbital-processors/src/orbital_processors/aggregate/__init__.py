"""The processor `aggregate`: windows of time, over several series."""

from orbital_processors.aggregate.processor import Aggregate
from orbital_processors.aggregate.settings import AggregateConfig

__all__ = ["Aggregate", "AggregateConfig"]
