"""The samples that writers are measured with: interface tables of 241 series, 25 of them a request."""

from __future__ import annotations

import time
from array import array
from typing import Final

from orbital_sdk import Batch, Identity, Layout, Origin, Row, WriteAnswer, Written

SERIES: Final = 241
BATCHES: Final = 25
"""Samples of one request: 6,025, near what one post carries best."""
SAMPLES: Final = SERIES * BATCHES


def layouts() -> list[Layout]:
    """One a device."""
    return [_layout(device) for device in range(BATCHES)]


def batches(of: list[Layout], turn: int) -> list[Batch]:
    """One request, an hour ago and then a second later each turn."""
    now = time.time_ns() // 1_000_000 - 3_600_000 + turn * 1000
    values = array("d", [float(turn * 1000 + n) for n in range(SERIES)])
    return [Batch(layout, now, values) for layout in of]


def stored(answer: WriteAnswer) -> int:
    """The bytes of a request of which everything was taken; a figure of anything else would be none."""
    if not isinstance(answer, Written) or answer.refused:
        raise RuntimeError(f"not all samples were taken: {answer}")
    return answer.bytes


def _layout(device: int) -> Layout:
    origin = Origin(
        f"task-{device}",
        "bench",
        f"device-{device}",
        f"192.0.2.{device}",
        Identity("bench", "bench"),
    )
    rows = [
        Row(
            f"bench_interface_column_{n % 10}_total",
            {
                "device_id": f"device-{device}", "ifIndex": str(n // 10), "ifName": f"eth{n // 10}",
                "ifAlias": f"uplink to rack {n // 10}", "ifDescr": f"GigabitEthernet0/{n // 10}",
            },
            "counter",
        )
        for n in range(SERIES)
    ]  # fmt: skip
    return Layout(origin, rows)
