"""The writer that tests look into."""

import asyncio

import pytest

from orbital_sdk import (
    Attempt,
    NotWritten,
    Refusal,
    Refused,
    WriterMisconfigured,
    WriterUnavailable,
    Written,
)
from orbital_sdk.testing import (
    FakeHost,
    Record,
    RecordingWriter,
    check_writer,
    make_batch,
    make_origin,
)


@pytest.fixture
def writer():
    return RecordingWriter()


async def test_it_keeps_what_it_gets_as_flat_records(writer):
    """Name, labels, value, time and task of every sample, in order."""
    batch = make_batch([("t", {"room": "hall"}, 21.5)], ts=7, origin=make_origin("task-9"))
    assert await writer.write([batch, make_batch({"up": 1})], Attempt()) == Written(16)
    assert writer.records[0] == Record(
        "t", {"device_id": "device-1", "room": "hall"}, 21.5, 7, "task-9"
    )
    assert writer.values("t", room="hall") == [21.5]
    assert writer.values("up") == [1]
    assert writer.values("t", room="attic") == []
    assert writer.batches[0] is batch
    assert writer.samples == 2


async def test_stale_markers_are_kept_and_not_counted(writer):
    """They are not samples, and a test can see that they came."""
    await writer.write([make_batch(2, stale=True)], Attempt())
    assert [record.stale for record in writer.records] == [True, True]
    assert writer.samples == 0


async def test_it_fails_as_told_one_call_after_the_other(writer):
    """In the order in which it was told, then it stores again; every call is on record."""
    large = NotWritten("413", Refusal.TOO_LARGE)
    writer.then(WriterUnavailable("down", retry_after=1), large, None)
    with pytest.raises(WriterUnavailable):
        await writer.write([make_batch(3)], Attempt(1, "a"))
    assert await writer.write([make_batch(3)], Attempt(1, "a")) is large
    await writer.write([make_batch(3)], Attempt(3, "a"))
    assert [type(call.error) for call in writer.calls] == [
        WriterUnavailable,
        type(None),
        type(None),
    ]
    assert [call.answer for call in writer.calls] == [None, large, Written(24)]
    assert [call.attempt.number for call in writer.calls] == [1, 1, 3]
    assert [call.samples for call in writer.calls] == [3, 3, 3]
    assert writer.samples == len(writer.records) == 3
    assert len(writer.batches) == 1


async def test_it_fails_until_told_otherwise(writer):
    """A destination that stays down, and comes back."""
    writer.always(WriterMisconfigured("401"))
    for _ in range(3):
        with pytest.raises(WriterMisconfigured):
            await writer.write([make_batch()], Attempt())
    writer.always(None)
    await writer.write([make_batch()], Attempt())
    assert (len(writer.calls), writer.samples) == (4, 1)


async def test_it_hangs_until_released(writer):
    """A test sees the call begin, decides when it ends, and waits for what is stored."""
    gate = writer.hang()
    write = asyncio.create_task(writer.write([make_batch(2)], Attempt()))
    await writer.called()
    assert (writer.samples, writer.calls[0].done, writer.batches) == (0, False, [])
    gate.set()
    await writer.received(2)
    assert await write == Written(16)
    assert writer.calls[0].done


async def test_a_cancelled_call_stores_nothing(writer):
    """The sender's own timeout, as a real writer would see it."""
    writer.hang()
    write = asyncio.create_task(writer.write([make_batch()], Attempt()))
    await writer.called()
    write.cancel()
    with pytest.raises(asyncio.CancelledError):
        await write
    assert isinstance(writer.calls[0].error, asyncio.CancelledError)
    assert writer.samples == 0


async def test_a_step_may_be_a_function(writer):
    """For what no list of answers can say: it gives one, raises, or lets the samples be stored."""
    large = NotWritten("one at a time", Refusal.TOO_LARGE)
    writer.always(lambda batches, attempt: large if len(batches) > 1 else None)
    assert await writer.write([make_batch(), make_batch()], Attempt(1, "x")) == large
    assert await writer.write([make_batch()], Attempt(1, "y")) == Written(8)


async def test_it_refuses_a_whole_call_for_one_bad_sample(writer):
    """As Prometheus does: nothing is stored, and nobody says which it was."""
    writer.reject(lambda record: record.value == 1)
    refusal = await writer.write([make_batch(3)], Attempt())
    assert refusal == NotWritten(
        "bad sample metric_1; nothing of this call is stored", Refusal.DOUBTFUL
    )
    assert writer.records == writer.batches == []
    await writer.write([make_batch([0.0])], Attempt())
    writer.reject(None)
    await writer.write([make_batch(3)], Attempt())
    assert writer.samples == 4


async def test_it_refuses_just_the_bad_ones_and_names_them(writer):
    """As ClickHouse or Core may do: the rest of the call is stored."""
    writer.reject(lambda record: record.value == 1, tells=True)
    answer = await writer.write([make_batch([0.0]), make_batch(3)], Attempt())
    assert answer == Written(32, [Refused(1, 1, "bad sample metric_1")])
    assert [record.value for record in writer.records] == [0, 0, 2]


async def test_waiting_in_vain_says_what_there_was(writer):
    """A test that would hang fails with the story so far."""
    writer.then(WriterUnavailable("down"))
    with pytest.raises(WriterUnavailable):
        await writer.write([make_batch()], Attempt())
    with pytest.raises(AssertionError, match=r"no 5 samples within 0.01 s, but 1 calls(.|\n)*down"):
        await writer.received(5, within=0.01)
    with pytest.raises(AssertionError, match="no 2 calls"):
        await writer.called(2, within=0.01)


async def test_its_life_is_counted(writer):
    """Tests of whoever starts and stops writers look here."""
    await writer.start(FakeHost())
    await writer.stop()
    await writer.stop()
    assert (writer.started, writer.stopped, writer.address) == (1, 2, "memory")


async def test_it_keeps_the_contract_of_writers():
    """The fake is a real writer."""
    await check_writer(RecordingWriter, entry_point=False)
