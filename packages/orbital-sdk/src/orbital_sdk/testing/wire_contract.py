"""What a class gives and takes crosses a process border unchanged, so it may live in a process of its own."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

import msgspec

from orbital_sdk import wire
from orbital_sdk.errors import OrbitalError
from orbital_sdk.metric import Columns, Sample
from orbital_sdk.schema.manifest import manifest
from orbital_sdk.wire.errors import FIELDS
from orbital_sdk.wire.manifests import checked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pydantic import BaseModel

    from orbital_sdk.schema.manifest import Part
    from orbital_sdk.testing.collection import Collection
    from orbital_sdk.testing.findings import Findings


def check_offer(found: Findings, cls: Part) -> None:
    """Its manifest."""
    about = json.loads(json.dumps(manifest(cls), default=str))
    try:
        crossed = msgspec.json.decode(msgspec.json.encode(checked(about)))
    except ValueError as error:
        found.append(f"its manifest cannot cross to another process: {error}")
        return
    found.expect(crossed == about, "its manifest is another one when it has crossed to a process")


def check_settings(found: Findings, model: BaseModel, what: str) -> None:
    """Fields or settings: written as a user would, their model makes the same of them."""
    name = type(model).__name__
    try:
        (body,) = wire.Bodies().feed(wire.encode(wire.calls.Device(0, 0, 0, wire.plain(model))))
        came: Any = wire.from_agent(body)
        again = type(model).model_validate(came.fields)
    except Exception as error:  # noqa: BLE001 (a serializer or validator of the author's may raise anything)
        found.append(
            f"{what} cannot cross to another process: {name} does not take what it says itself:"
            f" {type(error).__name__}: {error}"
        )
        return
    found.expect(
        again == model,
        f"{what} are others in another process: {name} reads back something else than it wrote;"
        " let serializers and validators be each other's reverse",
    )


def check_facts(found: Findings, target: object, exclusive: object) -> None:
    """What `target` and `exclusive` gave."""
    found.expect(isinstance(target, str), f"target() gave {target!r}; give text")
    found.expect(
        exclusive is None or isinstance(exclusive, str),
        f"exclusive() gave {exclusive!r}; give text, or None",
    )


def check_given(found: Findings, collection: Collection) -> None:
    """What came of one run: its samples, and its error if it is one of the SDK's."""
    known = collection.error if isinstance(collection.error, OrbitalError) else None
    try:
        records = wire.Outgoing().packed(collection.samples)
        given = wire.answers.Collected(0, records, None if known is None else wire.packed(known))
        (body,) = wire.Bodies().feed(wire.encode(given))
        came: Any = wire.from_program(body)
        there = [*_samples(wire.Incoming().unpacked(came.records))]
    except (TypeError, ValueError, OverflowError) as error:
        found.append(f"what collect() gave cannot cross to another process: {error}")
        return
    for before, after in zip(collection.samples, there, strict=True):
        if _parts(before) != _parts(after):
            found.append(f"{before!r} is {after!r} when it has crossed to another process")
            return
    if known is not None:
        _check_error(found, known, wire.unpacked(came.error))


def _check_error(found: Findings, before: OrbitalError, after: Exception) -> None:
    fields = next(FIELDS[cls] for cls in type(before).__mro__ if cls in FIELDS)
    for name in fields:
        own, crossed = getattr(before, name), getattr(after, name)
        found.expect(
            own == crossed, f"{before!r} has {name}={own!r}, and {crossed!r} when it crossed"
        )


def _samples(given: Iterable[Sequence[Sample] | Columns]) -> Iterator[Sample]:
    for collected in given:
        yield from collected.samples() if isinstance(collected, Columns) else collected


def _parts(sample: Sample) -> object:
    """All of it, the value by its bits."""
    metric, value = sample.series.metric, struct.pack("<d", sample.value)
    about = metric.name, metric.help, metric.kind, metric.unit, metric.labels, metric.honor_labels
    return about, sample.series.values, value, sample.ts
