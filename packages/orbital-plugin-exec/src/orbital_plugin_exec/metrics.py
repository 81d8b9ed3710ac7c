"""What both plugins tell about a program's output."""

from __future__ import annotations

from typing import Final

from orbital_sdk import Metric

REFUSED: Final = Metric(
    "exec_output_refused",
    "Lines and values of the output that gave no sample, by reason; none where all did",
    labels=("reason",),
)
NAGIOS_STATE: Final = Metric(
    "nagios_state", "Result of a Nagios plugin: 0 ok, 1 warning, 2 critical, 3 unknown"
)
REFUSED_TOTAL: Final = Metric(
    "execd_output_refused_total",
    "Lines and values of the output that gave no sample, by reason",
    kind="counter",
    labels=("reason",),
)
SAMPLES_TOTAL: Final = Metric(
    "execd_samples_total", "Samples that the program printed", kind="counter"
)
