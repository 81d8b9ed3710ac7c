"""`/api/v1/buffer/dead-letters`: what destinations refused, for the owner alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orbital_runtime_testing.asking import Unix, ask, tcp
from orbital_runtime_testing.buffer.tools import refused, take
from orbital_sdk.testing import make_batch

if TYPE_CHECKING:
    from pathlib import Path

ROUTE = "/api/v1/buffer/dead-letters"


@pytest.fixture
async def strict(world):
    """An output that refused three samples, an hour ago for the agent's clock."""
    buffer = world.buffer
    buffer.attach("strict")
    await buffer.append([make_batch([1.0, float("nan"), 3.0])])
    chunk = await take(buffer, "strict")
    letters = refused(chunk, 3, at_ms=world.clock.utc_ms(), reason="no such metric here")
    await buffer.acknowledge(chunk, letters=letters)
    world.clock.advance(3600)
    return world


@pytest.mark.parametrize(
    ("route", "method"),
    [("", "GET"), ("/0-1", "GET"), ("/purge?count=1", "POST"), ("/replay?limit=1", "POST")],
)
async def test_letters_for_the_owner_alone(strict, path: Path, route, method):
    """Over TCP there are no such pages."""
    async with strict.serving(path) as telemetry:
        reply = await ask(tcp(telemetry), ROUTE + route, method, token=telemetry.token)
        assert reply.status == 404
        assert (await ask(Unix(path), ROUTE + route, method)).status == 200


async def test_listing(strict, path: Path):
    """Newest first, as many as asked for, with the number of all; a value that is none is a string."""
    async with strict.serving(path):
        told = (await ask(Unix(path), f"{ROUTE}?output=strict&limit=2")).data
        young = (await ask(Unix(path), f"{ROUTE}?older_than=2h")).data
        one = (await ask(Unix(path), f"{ROUTE}/0-1")).data
    assert (told["total"], [letter["value"] for letter in told["letters"]]) == (3, [3.0, "NaN"])
    assert young == {"total": 0, "letters": []}
    assert (one["id"], one["value"], one["reason"]) == ("0-1", 1.0, "no such metric here")


@pytest.mark.parametrize(
    ("route", "status", "words"),
    [
        ("?output=nobody", 404, "it knows: store, strict"),
        ("?older_than=soon", 400, "older_than"),
        ("?limit=-1", 400, "whole number"),
        ("/7-7", 404, "there is no dead letter 7-7"),
        ("/seven", 400, "they look like 3-17"),
    ],
)
async def test_bad_questions(strict, path: Path, route, status, words):
    """Each has an answer that says what is wrong."""
    async with strict.serving(path):
        answer = await ask(Unix(path), ROUTE + route)
    assert (answer.status, words in answer.data["error"]) == (status, True), answer.data


async def test_purging_and_replaying(strict, path: Path):
    """Counted first, then done, and never more than asked for: 0 is none. What cannot be sent again is a
    conflict, and stays.
    """
    async with strict.serving(path):
        owner = Unix(path)
        assert (await ask(owner, f"{ROUTE}/purge?count=1", "POST")).data == {"letters": 3}
        assert (await ask(owner, f"{ROUTE}/purge?limit=0", "POST")).data == {"letters": 0}
        assert (await ask(owner, f"{ROUTE}?limit=0")).data == {"total": 3, "letters": []}
        most = f"{ROUTE}/purge?count=1&limit={'9' * 19}"
        assert (await ask(owner, most, "POST")).data == {"letters": 3}
        assert (await ask(owner, f"{ROUTE}/purge?limit=1", "POST")).data == {"letters": 1}
        assert (await ask(owner, f"{ROUTE}/replay?limit=1", "POST")).data == {"letters": 1}
        assert strict.buffer.waiting("strict") == 1
        strict.buffer.orphan("strict")
        refusal = await ask(owner, f"{ROUTE}/replay", "POST")
        assert (refusal.status, "not configured" in refusal.data["error"]) == (409, True)
    account = strict.buffer.ledger.account("strict")
    assert (account.letters, dict(account.letters_gone)) == (1, {"purged": 1, "replayed": 1})
