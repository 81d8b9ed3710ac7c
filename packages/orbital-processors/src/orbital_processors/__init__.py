"""The processors that come with Orbital Sentinel."""

from orbital_processors.aggregate import Aggregate, AggregateConfig
from orbital_processors.converting import Convert, ConvertConfig
from orbital_processors.counters import CounterConfig, Delta, DeltaConfig, Increase, Rate
from orbital_processors.filtering import Filter, FilterConfig
from orbital_processors.labelling import Labels, LabelsConfig
from orbital_processors.mapping import Map, MapConfig
from orbital_processors.relabel import Relabel, RelabelConfig
from orbital_processors.renaming import Rename, RenameConfig
from orbital_processors.thinning import Dedup, DedupConfig, Sample, SampleConfig

__all__ = [
    "Aggregate",
    "AggregateConfig",
    "Convert",
    "ConvertConfig",
    "CounterConfig",
    "Dedup",
    "DedupConfig",
    "Delta",
    "DeltaConfig",
    "Filter",
    "FilterConfig",
    "Increase",
    "Labels",
    "LabelsConfig",
    "Map",
    "MapConfig",
    "Rate",
    "Relabel",
    "RelabelConfig",
    "Rename",
    "RenameConfig",
    "Sample",
    "SampleConfig",
]
