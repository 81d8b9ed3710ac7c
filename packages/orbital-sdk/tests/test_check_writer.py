"""The contract suite of writers."""

import asyncio
import math
import threading

import pytest
from pydantic import SecretStr, field_serializer

from orbital_sdk import (
    NotWritten,
    Refusal,
    Refused,
    Writer,
    WriterConfig,
    WriterMisconfigured,
    WriterUnavailable,
    Written,
)
from orbital_sdk.testing import Record, RecordingWriter, check_writer


class Target(WriterConfig):
    password: SecretStr = SecretStr("open sesame")
    """Login."""


class Lines(Writer[Target]):
    """A blocking writer that keeps lines."""

    name = "lines"
    summary = "Keeps lines"

    @property
    def address(self):
        return "memory"

    def write(self, batches, attempt):
        return Written(sum(len(repr(item)) for batch in batches for item in batch.items()))


async def verdict(make_writer, **options):
    """What check_writer says of it; empty if nothing."""
    try:
        await check_writer(make_writer, **{"entry_point": False, **options})
    except AssertionError as finding:
        return str(finding)
    return ""


def variant(**body):
    """The good writer with something changed."""
    cls = type("Variant", (Lines,), body)
    return lambda: cls(Target())


def recording(**options):
    """A recording writer that was told something."""
    writer = RecordingWriter()
    for name, value in options.items():
        getattr(writer, name)(value)
    return lambda: writer


async def test_good_writers_pass():
    """A blocking one and one on the loop, with and without stale markers."""
    assert await verdict(variant()) == ""
    assert await verdict(RecordingWriter) == ""
    away = recording(always=WriterUnavailable("away"))
    assert await verdict(RecordingWriter, unavailable=away) == ""


async def test_every_odd_batch_reaches_the_writer():
    """Infinities, extremes, empty and foreign text, own times, several tasks, stale markers."""
    writer = RecordingWriter()
    await check_writer(lambda: writer, entry_point=False)
    values = [record.value for record in writer.records]
    assert {math.inf, -math.inf, 5e-324, 1.7e308} <= set(values)
    assert any(record.stale for record in writer.records)
    assert any("世界" in record.labels.get("text", "") for record in writer.records)
    assert {call.attempt.number for call in writer.calls} == {1, 2}
    assert {batch.times is None for batch in writer.batches} == {True, False}
    assert max(len(call.batches) for call in writer.calls) == 5
    assert any(len(batch) == 0 for batch in writer.batches)


async def test_stale_markers_go_only_to_those_who_take_them():
    """As the sender does."""
    seen = []

    def write(self, batches, attempt):
        seen.extend(batch.stale for batch in batches)
        return Written(1)

    assert await verdict(variant(write=write)) == ""
    assert seen
    assert not any(seen)


async def test_it_may_refuse_odd_batches_by_name():
    """A destination that takes no infinities rejects them, and that is fine."""
    assert await verdict(recording(reject=lambda record: math.isinf(record.value))) == ""


def flat(writer):
    return [(record.name, record.ts, record.value) for record in writer.records]


async def test_what_was_delivered_must_be_there():
    """Bit by bit: infinities, extremes, stale markers; what was refused by name need not be."""
    writer = RecordingWriter()
    assert await verdict(lambda: writer, stored=lambda: flat(writer)) == ""
    picky = RecordingWriter()
    picky.reject(lambda record: math.isinf(record.value), tells=True)
    assert await verdict(lambda: picky, stored=lambda: flat(picky)) == ""


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        (math.isinf, "2 of 6 samples are not at the destination, such as plus_inf = inf"),
        (math.isnan, "write() of a batch of stale markers succeeded, and 1 of 1 samples"),
        (lambda value: value == 5e-324, "such as tiny = 5e-324 at"),
    ],
)
async def test_what_is_dropped_in_silence_is_found(lost, words):
    """A writer that skips what its format cannot say, and calls that a success."""
    writer = RecordingWriter()

    def kept():
        return [sample for sample in flat(writer) if not lost(sample[2])]

    assert words in await verdict(lambda: writer, stored=kept)


async def test_times_that_are_cut_are_found():
    """A writer of whole seconds, where its destination has milliseconds."""
    writer = RecordingWriter()

    def cut():
        return [(name, ts // 1000 * 1000, value) for name, ts, value in flat(writer)]

    said = await verdict(lambda: writer, stored=cut)
    assert "write() of an ordinary batch succeeded, and 1 of 1 samples are not at" in said


async def test_the_payload_of_a_stale_marker_counts():
    """Another NaN is a value to a database, and no end of the series."""
    writer = RecordingWriter()

    def other():
        return [(n, ts, math.nan if math.isnan(v) else v) for n, ts, v in flat(writer)]

    assert "a batch of stale markers" in await verdict(lambda: writer, stored=other)


async def test_it_must_take_an_ordinary_batch():
    """Otherwise the destination of the check is no use."""
    said = await verdict(recording(always=WriterMisconfigured("401")))
    assert "an ordinary batch raised WriterMisconfigured('401'); give check_writer" in said


def gives(answer):
    return lambda self, batches, attempt: answer


def raises_for_infinities(self, batches, attempt):
    for batch in batches:
        list(map(int, batch.values))
    return Written(1)


def names_nonsense(self, batches, attempt):
    return Written(1, [Refused(0, 99, "no")] if batches[0].times is not None else [])


def raises(error):
    def test_connection(self):
        raise error

    return test_connection


async def fragile_stop(self):
    self.file.close()


async def fails_to_start(self, host):
    raise OSError("no disk")


async def leaves_a_task(self, host):
    self.task = asyncio.create_task(asyncio.Event().wait(), name="flusher")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"name": "Two Words"}, "name is 'Two Words'"),
        ({"summary": ""}, "summary is empty"),
        ({"write": gives(None)}, "gave None; return Written(bytes)"),
        ({"write": gives(17)}, "gave 17; return Written(bytes) or NotWritten(reason, refusal)"),
        ({"write": gives(Written(-1))}, "`bytes` is how many went out"),
        ({"write": gives(Written(True))}, "`bytes` is how many went out"),
        ({"write": gives(NotWritten("no", "no"))}, "`refusal` is one of Refusal"),
        (
            {"write": gives(Written(1, [Refused(0, 0, "413", Refusal.TOO_LARGE)]))},
            "of a single sample it says Refusal.BAD or Refusal.THERE",
        ),
        ({"write": gives(NotWritten("no", Refusal.BAD))}, "give check_writer a destination"),
        ({"write": gives(Written(1, [Refused(0, 0, "no")]))}, "give check_writer a destination"),
        ({"write": raises_for_infinities}, "infinite and extreme values raised OverflowError"),
        ({"write": names_nonsense}, "names no sample of the call"),
        ({"test_connection": lambda self: None}, "test_connection() gave None; say in one line"),
        (
            {"test_connection": lambda self: "a\nb"},
            "test_connection() gave 'a\\nb'; say in one line",
        ),
        ({"test_connection": raises(WriterMisconfigured("401"))}, "test_connection() raised"),
        ({"stop": fragile_stop}, "stop() without start() raised AttributeError"),
        ({"start": fails_to_start}, "start() raised OSError('no disk')"),
        ({"start": leaves_a_task}, "the task flusher (Event.wait) still runs after stop()"),
        ({"address": property(lambda self: "http://me:open sesame@x")}, "address shows a secret"),
        (
            {"__repr__": lambda self: str(self.config.password.get_secret_value())},
            "repr of the writer shows",
        ),
        ({"config_model": dict}, "dict must be a subclass of WriterConfig"),
    ],
)
async def test_what_is_wrong_is_said(body, words):
    """Each finding says what to change."""
    assert words in await verdict(variant(**body))


@pytest.mark.parametrize("method", ["write", "test_connection"])
async def test_a_call_that_hangs_is_found(method):
    """A thread cannot be cut off: what is left of it is the author's to prevent."""
    over = threading.Event()
    said = await verdict(variant(**{method: lambda self, *_: over.wait()}), limit=0.05)
    over.set()
    assert "did not answer within 0.05 s; give requests a time limit" in said


async def test_settings_that_could_not_live_in_another_process_are_found():
    """They are read back as something else than they were written as."""

    class Twice(Target):
        rows: int = 1
        """Rows of a request."""

        @field_serializer("rows")
        def shown(self, rows):
            return 2 * rows

    writer = type("Variant", (Lines,), {"config_model": Twice})
    said = await verdict(lambda: writer(Twice(rows=2)))
    assert "settings are others in another process: Twice reads back something else" in said


async def test_a_missing_entry_point_is_said():
    """With the lines for pyproject.toml."""
    said = await verdict(RecordingWriter, entry_point=True)
    assert '[project.entry-points."orbital.writers"]\n     recording = ' in said


async def test_a_writer_that_swallows_its_cancellation_is_found():
    """The agent stops in time only if its writers do."""

    class Deaf(RecordingWriter):
        async def write(self, batches, attempt):
            try:
                await asyncio.sleep(0.001)
            except asyncio.CancelledError:
                await asyncio.sleep(0)
            return Written(0)

    assert "write() was cancelled and did not end by CancelledError" in await verdict(Deaf)


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (variant(), "gave"),
        (recording(always=ConnectionRefusedError("refused")), "raised ConnectionRefusedError"),
        (recording(always=WriterMisconfigured("404")), "raised WriterMisconfigured"),
    ],
)
async def test_a_destination_that_is_away_must_be_called_unavailable(away, words):
    """Anything else would not be kept and tried again."""
    said = await verdict(variant(), unavailable=away)
    assert f"the destination is away and write() {words}" in said
    assert "raise WriterUnavailable" in said


async def test_who_is_away_is_unavailable_to_whoever_asks_too():
    """`test_connection` raises what `write` would."""
    away = recording(always=WriterUnavailable("away"))
    fine = type("Fine", (RecordingWriter,), {"test_connection": lambda self: "fine"})

    def silent():
        writer = fine()
        writer.always(WriterUnavailable("away"))
        return writer

    assert await verdict(variant(), unavailable=away) == ""
    said = await verdict(variant(), unavailable=silent)
    assert "the destination is away and test_connection() gave 'fine'" in said


async def test_a_writer_without_an_address_is_found():
    """Logs and status pages would say nothing about where it writes."""
    assert "address is empty" in await verdict(variant(address=""))


async def test_a_connection_test_that_stores_a_sample_is_found():
    """It asks, and leaves nothing behind at the destination."""
    writer = RecordingWriter()

    async def test_connection():
        writer.records.append(Record("probe", {}, 1.0, 5, "task-1"))
        return "it takes samples"

    writer.test_connection = test_connection
    said = await verdict(lambda: writer, stored=lambda: flat(writer))
    assert "test_connection() stored a sample at the destination, probe = 1.0 at 5" in said


async def test_a_secret_in_an_error_is_not_shown():
    """Findings stand in the logs of a CI."""

    def write(self, batches, attempt):
        raise OSError(f"login with {self.config.password.get_secret_value()} failed")

    said = await verdict(variant(write=write))
    assert "login with ********** failed" in said


async def test_methods_that_cannot_be_called_are_named():
    """In words, with what to write."""

    def write(self, batches):
        return Written(1)

    said = await verdict(variant(write=write))
    assert "write(self, batches) cannot be called as the agent does; write write(self," in said

    def forgets(self, config):
        self.lines = []

    assert "call super().__init__(config) in it" in await verdict(variant(__init__=forgets))
