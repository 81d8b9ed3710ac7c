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
    """Values of the first of `METRICS`, in their order. Sealing adds `KEPT` and `ADDED`."""

    up: float
    duration: float
    """Seconds."""
    scraped: float
    timeout: float
    """Seconds."""
