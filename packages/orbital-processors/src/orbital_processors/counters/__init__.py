"""The processors `rate`, `increase` and `delta`: what a series changed by since its sample before."""

from orbital_processors.counters.processors import Delta, Increase, Rate
from orbital_processors.counters.settings import CounterConfig, DeltaConfig

__all__ = ["CounterConfig", "Delta", "DeltaConfig", "Increase", "Rate"]
