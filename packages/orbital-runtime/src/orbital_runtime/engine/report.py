"""What every run says about itself, beside the samples of its plugin."""

from __future__ import annotations

from typing import Final, NamedTuple

from orbital_sdk import Metric

UP: Final = Metric("up", "Whether the device answered: 1, or 0", labels=("task",))
DURATION: Final = Metric(
    "scrape_duration_seconds", "How long the run took", unit="seconds", labels=("task",)
)
SCRAPED: Final = Metric("scrape_samples_scraped", "Samples that the plugin gave", labels=("task",))
METRICS: Final = (UP, DURATION, SCRAPED)


class Report(NamedTuple):
    """Values of `METRICS`, in their order."""

    up: float
    duration: float
    """Seconds."""
    scraped: float
