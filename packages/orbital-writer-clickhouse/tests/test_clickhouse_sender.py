"""The sender before the real engine: every sample is stored once, or is a dead letter with its reason."""

import random

import pytest

from orbital_buffer.buffer import memory_buffer
from orbital_buffer.model.limits import BufferLimits
from orbital_runtime.clock import SystemClock
from orbital_runtime.sender import DeliveryPolicy, Output, Phase, Sender
from orbital_sdk.testing import make_batch, make_layout
from orbital_testbench import eventually
from orbital_writer_clickhouse import ClickHouse, ClickHouseConfig


@pytest.fixture
async def deliver():
    """Starts a sender before a writer; gives it and its buffer."""
    buffer = memory_buffer(BufferLimits(samples=None, size=None), SystemClock())
    sender = Sender(buffer, clock=SystemClock())

    async def deliver(settings: dict, *batches, **policy):
        quick = DeliveryPolicy(
            flush_interval=0.0,
            retry_interval=0.001,
            retry_max_interval=0.001,
            breaker_reset=0.001,
            **policy,
        )
        config = ClickHouseConfig.model_validate(settings)
        await sender.add(Output("out", ClickHouse(config), quick))
        await buffer.append(batches)
        return sender, buffer

    yield deliver
    await sender.stop()
    await buffer.close()


async def test_a_backlog_over_a_network_that_fails(database, deliver, now):
    """Connections cut at random, the server away at first: rows are the samples, none twice."""
    layouts = [make_layout([(f"m{n}", {}) for n in range(30)]) for _ in range(4)]
    polls = [
        make_batch([float(n)] * 30, layout=layout, ts=now + 10 * n + at)
        for n in range(25)
        for at, layout in enumerate(layouts)
    ]
    with database.relay() as relay:
        relay.refuse()
        settings = {"dsn": database.dsn_by(relay)}
        sender, buffer = await deliver(settings, *polls, batch_size=150)
        await eventually(lambda: sender.status()["out"].errors)
        chance, often = random.Random(2), 0.03 if database.native else 0.25
        relay.cut = lambda direction, data: chance.random() < often
        relay.listen()
        await eventually(lambda: not buffer.waiting("out"), timeout=60)
        assert relay.cuts > 3
    assert buffer.ledger.account("out").delivered == 3000
    assert database.query(
        "SELECT count(), uniqExact(metric_name, timestamp) FROM {db}.metrics"
    ) == [[3000, 3000]]


async def test_bad_samples_are_dead_letters_and_the_rest_is_stored_once(database, deliver, now):
    """A constraint of the user's table: what breaks it is found and named, in ClickHouse's words."""
    database.query(
        "CREATE TABLE {db}.mine (ts DateTime64(3), v Float64, CONSTRAINT small CHECK v < 100)"
        " ENGINE = MergeTree ORDER BY ts SETTINGS non_replicated_deduplication_window = 1000"
    )
    settings = {
        "dsn": database.dsn,
        "schema": "custom",
        "table": "mine",
        "columns": {"ts": "timestamp", "v": "value"},
    }
    layout = make_layout(20)
    polls = [make_batch(list(range(n, n + 20)), layout=layout, ts=now + n) for n in range(5)]
    polls[2] = make_batch([*range(19), 1000.0], layout=layout, ts=now + 2)
    polls[4] = make_batch([500.0, *range(19)], layout=layout, ts=now + 4)
    _, buffer = await deliver(settings, *polls)
    await eventually(lambda: not buffer.waiting("out"), timeout=60)
    account = buffer.ledger.account("out")
    assert (account.delivered, account.dead_lettered) == (98, 2)
    assert {letter.value for letter in await buffer.dead_letters.list()} == {1000.0, 500.0}
    assert all("small" in letter.reason for letter in await buffer.dead_letters.list())
    assert database.query("SELECT count(), max(v) FROM {db}.mine") == [[98, 22]]


async def test_a_table_that_does_not_fit_pauses_until_it_does(database, deliver, now):
    """Nothing is lost while a person puts the table right."""
    database.query("CREATE TABLE {db}.metrics (x UInt8) ENGINE = MergeTree ORDER BY x")
    sender, buffer = await deliver({"dsn": database.dsn}, make_batch(5, ts=now))
    await eventually(lambda: sender.status()["out"].phase is Phase.PAUSED)
    assert "metric_value is missing" in sender.status()["out"].reason
    database.query("DROP TABLE {db}.metrics")
    sender.send_now()
    await eventually(lambda: not buffer.waiting("out"), timeout=30)
    assert database.one("SELECT count() FROM {db}.metrics") == 5
