"""Batches in one line, for tests of writers and of whatever else takes batches."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence

from orbital_sdk.contract.batch import STALE, Batch, Identity, Layout, Origin, Row

Samples = (
    int | Mapping[str, float] | Sequence[float] | Sequence[tuple[str, Mapping[str, str], float]]
)
"""How many; or value by metric name; or values alone; or (name, labels, value) of each."""

SENTINEL = Identity("sentinel-1", "test-sentinel", "test-region")
NO_LABELS: Mapping[str, str] = {}
TS = 1_700_000_000_000


def make_origin(
    task: str = "task-1",
    *,
    plugin: str = "test",
    device_id: str = "device-1",
    target: str = "device.example:1",
    sentinel: Identity = SENTINEL,
) -> Origin:
    """Where test batches come from, unless the test says otherwise."""
    return Origin(task, plugin, device_id, target, sentinel)


def make_layout(
    rows: int | Sequence[str | tuple[str, Mapping[str, str]]] = 1, *, origin: Origin | None = None
) -> Layout:
    """A layout of this many rows, or of these: a name, or a name with labels. All get `device_id`."""
    origin = origin or make_origin()
    device = {"device_id": origin.device_id}
    named = [f"metric_{i}" for i in range(rows)] if isinstance(rows, int) else rows
    pairs = [(row, NO_LABELS) if isinstance(row, str) else row for row in named]
    return Layout(origin, [Row(name, {**device, **labels}) for name, labels in pairs])


def make_batch(
    samples: Samples = 1,
    *,
    ts: int = TS,
    times: Sequence[int] | None = None,
    stale: bool = False,
    layout: Layout | None = None,
    origin: Origin | None = None,
) -> Batch:
    """A batch as the agent would give it to a writer.

    >>> make_batch(241)                                        # metric_0 = 0.0, metric_1 = 1.0, ...
    >>> make_batch({"up": 1, "temperature_celsius": 21.5})
    >>> make_batch([("temperature_celsius", {"room": "hall"}, 21.5)], ts=1_700_000_000_000)
    >>> make_batch([1.0, 2.0], layout=layout)                  # the next values of the same series

    Args:
        samples: How many; or value by metric name; or values; or (name, labels, value) of each.
        ts: Milliseconds UTC of the collection.
        times: Milliseconds UTC of each sample, where the device gave its own.
        stale: The series ended: every value becomes the stale marker.
        layout: The series, where `samples` are values alone or their number.
        origin: As `make_origin` makes it.
    """
    rows, values = _columns(samples)
    if stale:
        values = [STALE] * len(values)
    return Batch(
        layout or make_layout(rows, origin=origin),
        ts,
        array("d", values),
        None if times is None else array("q", times),
        stale,
    )


def _columns(
    samples: Samples,
) -> tuple[int | list[tuple[str, Mapping[str, str]]], Sequence[float]]:
    if isinstance(samples, int):
        return samples, [float(i) for i in range(samples)]
    if isinstance(samples, Mapping):
        return [(name, NO_LABELS) for name in samples], list(samples.values())
    named = [sample for sample in samples if isinstance(sample, tuple)]
    if named:
        return [(name, labels) for name, labels, _ in named], [value for *_, value in named]
    values = [value for value in samples if not isinstance(value, tuple)]
    return len(values), values
