"""The processors `dedup` and `sample`: fewer samples of the same series."""

from orbital_processors.thinning.dedup import Dedup, DedupConfig
from orbital_processors.thinning.sample import Sample, SampleConfig

__all__ = ["Dedup", "DedupConfig", "Sample", "SampleConfig"]
