"""Encodes samples for Core's ingest: valid names, text labels, times in seconds, small requests.

All of a row but value and time is encoded once for each layout.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from orbital_sdk import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orbital_sdk import Batch, Layout, Row

AT_ONCE: Final = 1000
"""Samples in one request: Core's queue holds 10,000 and refuses more."""
LATEST: Final = 32_503_680_000
"""Latest time in seconds UTC: the year 3000. A later time is wrong, and would break Core's lists."""
KEY: Final = "core"
"""Key in a layout's caches."""
_NOT_NAME: Final = re.compile(r"[^a-zA-Z0-9_:]")
_NOT_LABEL: Final = re.compile(r"[^a-zA-Z0-9_]")


def encode(batches: Sequence[Batch]) -> tuple[list[bytes], list[Refused]]:
    """The samples as JSON objects, one each; and those that Core's format cannot express."""
    metrics: list[bytes] = []
    refused: list[Refused] = []
    for number, batch in enumerate(batches):
        if batch.stale:
            continue
        heads = batch.layout.each(KEY, _heads)
        texts = _numbers(batch)
        for row, (head, text, ms, value) in enumerate(
            zip(heads, texts, _times(batch), batch.values, strict=True)
        ):
            if (reason := _not_expressible(value, ms)) is not None:
                refused.append(Refused(number, row, reason))
            else:
                metrics.append(b'%b%b,"timestamp":%d}' % (head, text, ms // 1000))
    return metrics, refused


def requests_of(metrics: Sequence[bytes]) -> Iterator[bytes]:
    """Bodies of at most `AT_ONCE` samples."""
    for start in range(0, len(metrics), AT_ONCE):
        yield b'{"metrics":[' + b",".join(metrics[start : start + AT_ONCE]) + b"]}"


def _numbers(batch: Batch) -> list[bytes]:
    return msgspec.json.encode(batch.values.tolist())[1:-1].split(b",")


def _times(batch: Batch) -> Sequence[int]:
    return batch.times if batch.times is not None else [batch.ts] * len(batch)


def _not_expressible(value: float, ms: int) -> str | None:
    if not math.isfinite(value):
        return f"Core's JSON has no word for {value}"
    if not 0 < ms // 1000 < LATEST:
        return f"Core takes no sample of {ms // 1000} s Unix time"
    return None


def _heads(layout: Layout) -> list[bytes]:
    shared = layout.origin.sentinel.labels
    return [_head(row, shared) for row in layout.rows]


def _head(row: Row, shared: Any) -> bytes:
    labels = {clean_label(k): v.replace("\x00", "") for k, v in (*shared.items(), *row.labels)}
    start: dict[str, Any] = {"name": clean_name(row.name), "type": row.kind, "labels": labels}
    return msgspec.json.encode(start)[:-1] + b',"value":'


def clean_name(name: str) -> str:
    """The metric name, with `_` for every character that a receiver behind Core may refuse."""
    clean = _NOT_NAME.sub("_", name)
    return f"_{clean}" if not clean or clean[0].isdigit() else clean


def clean_label(name: str) -> str:
    """The label name, cleaned likewise; reserved names such as `__name__` are changed."""
    clean = _NOT_LABEL.sub("_", name)
    if clean.startswith("__"):
        clean = "_" + clean.lstrip("_")
    return f"_{clean}" if not clean or clean[0].isdigit() else clean
