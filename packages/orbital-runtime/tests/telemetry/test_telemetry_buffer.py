"""`/api/v1/buffer`: counts for everybody, samples and dropping for the owner alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from orbital_buffer.format.layout import decode_layout
from orbital_buffer.inspection.snapshot import Page
from orbital_runtime_testing.asking import Unix, ask, tcp
from orbital_sdk import WriterMisconfigured

if TYPE_CHECKING:
    from pathlib import Path


async def with_waiting(world):
    """An output that takes nothing, for which five samples wait."""
    world.writer.always(WriterMisconfigured("401"))
    await world.run("good")
    await world.settled(waiting=True)


async def test_counts_for_everybody(world, path: Path):
    """What waits, for whom and for how long; of a buffer in memory there is no place to tell of."""
    await with_waiting(world)
    world.clock.advance(60)
    async with world.serving(path) as telemetry:
        told = (await ask(tcp(telemetry), "/api/v1/buffer")).data
    assert (told["type"], told["running"], told["place"]) == ("memory", True, None)
    (book,) = told["outputs"]
    assert (book["name"], book["state"], book["waiting"]) == ("store", "attached", 8)
    assert book["oldest_age"] == pytest.approx(60, abs=1)


@pytest.mark.parametrize(
    ("route", "method"),
    [
        ("/api/v1/buffer/page", "GET"),
        ("/api/v1/buffer/layouts?segment=0&numbers=0", "GET"),
        ("/api/v1/buffer/drop?output=store", "POST"),
    ],
)
async def test_samples_for_the_owner_alone(world, path: Path, route, method):
    """Over TCP there are no such pages."""
    await with_waiting(world)
    async with world.serving(path) as telemetry:
        assert (await ask(tcp(telemetry), route, method, token=telemetry.token)).status == 404
        assert (await ask(Unix(path), route, method)).status == 200


async def test_records_as_bytes(world, path: Path):
    """A page has records, the books of that moment, and numbers of layouts that can be had; others are left
    out.
    """
    await with_waiting(world)
    async with world.serving(path):
        page = msgspec.msgpack.decode(
            (await ask(Unix(path), "/api/v1/buffer/page?from=0")).body, type=Page
        )
        (stored,) = page.records
        (head,) = stored.opened().heads
        route = f"/api/v1/buffer/layouts?segment={stored.segment}&numbers={head.layout},777,x,-1"
        layouts = msgspec.msgpack.decode((await ask(Unix(path), route)).body, type=dict[int, bytes])
        bad = await ask(Unix(path), "/api/v1/buffer/page?from=-1")
    assert page.following is None
    assert page.books.outputs[0].needs == [(stored.first, stored.stop)]
    assert list(layouts) == [head.layout]
    assert decode_layout(layouts[head.layout]).origin.task == "good"
    assert (bad.status, "whole number" in bad.data["error"]) == (400, True)


async def test_dropping(world, path: Path):
    """Counting changes nothing; dropping is counted as removed; a wrong name or age is refused."""
    await with_waiting(world)
    async with world.serving(path):
        counted = await ask(Unix(path), "/api/v1/buffer/drop?output=store&count=1", "POST")
        assert counted.data == {"samples": 8, "waiting": 8}
        young = await ask(Unix(path), "/api/v1/buffer/drop?output=store&older_than=1h", "POST")
        assert young.data == {"samples": 0, "waiting": 8}
        wrong = await ask(Unix(path), "/api/v1/buffer/drop?output=stoer", "POST")
        assert (wrong.status, "there is: store" in wrong.data["error"]) == (404, True)
        bad = await ask(Unix(path), "/api/v1/buffer/drop?output=store&older_than=old", "POST")
        assert (bad.status, "older_than" in bad.data["error"]) == (400, True)
        done = await ask(Unix(path), "/api/v1/buffer/drop?output=store", "POST")
        assert done.data == {"samples": 8, "waiting": 0}
    assert world.buffer.ledger.account("store").dropped == {"removed": 8}
