"""What every run says about itself, beside the samples of its plugin; names and meaning are Prometheus'."""

from __future__ import annotations

from typing import Final, NamedTuple

from orbital_sdk import Metric

TASK: Final = ("task",)
UP: Final = Metric("up", "Whether the device answered: 1, or 0", labels=TASK)
DURATION: Final = Metric(
    "scrape_duration_seconds", "How long the run took", unit="seconds", labels=TASK
)
SCRAPED: Final = Metric("scrape_samples_scraped", "Samples that the plugin gave", labels=TASK)
TIMEOUT: Final = Metric(
    "scrape_timeout_seconds", "How long the run might have taken", unit="seconds", labels=TASK
)
KEPT: Final = Metric(
    "scrape_samples_post_metric_relabeling",
    "Samples of the plugin that are left after relabelling and limits",
    labels=TASK,
)
ADDED: Final = Metric(
    "scrape_series_added",
    "Series that the task's last collection with samples did not have",
    labels=TASK,
)
METRICS: Final = (UP, DURATION, SCRAPED, TIMEOUT, KEPT, ADDED)


class Report(NamedTuple):
    """Values of `METRICS`, in their order. Sealing adds what the collection itself has of the last two."""

    up: float
    duration: float
    """Seconds."""
    scraped: float
    timeout: float
    """Seconds."""
    kept: float = 0.0
    added: float = 0.0

    def values(self, kept: float, added: float) -> tuple[float, ...]:
        """With so many samples that the collection kept, and new series that it brought."""
        up, duration, scraped, timeout, more, others = self
        return up, duration, scraped, timeout, more + kept, others + added
