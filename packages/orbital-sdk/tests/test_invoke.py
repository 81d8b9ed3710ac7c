"""Running `collect`, whichever of its forms the author chose."""

import asyncio
import functools
import itertools
import threading
from array import array

import pytest

from orbital_sdk import Columns, DeviceFields, Metric, PartialCollect, Plugin, PluginConfig
from orbital_sdk.calling.invoke import TooManySamples, invoke, is_blocking
from orbital_sdk.contract.plugin import Plain
from orbital_sdk.testing import make_context

N = Metric("n", labels=("i",))
SERIES = tuple(N.series(str(i)) for i in range(3))
SAMPLES = [series(i) for i, series in enumerate(SERIES)]


class Made(Plugin[DeviceFields, PluginConfig]):
    name = "made"


def session(collect):
    """Of a plugin with this `collect`."""
    return Plain(type("Made", (Made,), {"collect": collect})(PluginConfig()), DeviceFields())


def wrapped(collect):
    """As a decorator that knows nothing of coroutines leaves it."""

    @functools.wraps(collect)
    def call(*args):
        return collect(*args)

    return call


def returns_list(self, device, ctx):
    return list(SAMPLES)


def returns_tuple(self, device, ctx):
    return tuple(SAMPLES)


def generates(self, device, ctx):
    yield from SAMPLES


async def async_returns_list(self, device, ctx):
    return list(SAMPLES)


async def async_returns_generator(self, device, ctx):
    return (sample for sample in SAMPLES)


async def async_generates(self, device, ctx):
    for sample in SAMPLES:
        await asyncio.sleep(0)
        yield sample


def columns(self, device, ctx):
    return Columns(SERIES, [0, 1, 2])


async def async_columns(self, device, ctx):
    return Columns(SERIES, array("d", [0, 1, 2]))


FORMS = [
    returns_list, returns_tuple, generates, async_returns_list, async_returns_generator, async_generates,
    wrapped(async_returns_list), wrapped(async_generates),
]  # fmt: skip


async def run(collect, **options):
    """What landed in the sink, and the table or the error."""
    sink = []
    try:
        got = await invoke(session(collect).collect, make_context(), sink, **options)
    except Exception as error:  # noqa: BLE001 (the test looks at it)
        got = error
    return sink, got


@pytest.mark.parametrize("collect", FORMS)
async def test_every_form_gives_the_same_samples(collect):
    """def, generator, async def, async generator, and these behind a plain decorator."""
    assert await run(collect) == (SAMPLES, None)


@pytest.mark.parametrize("collect", [columns, async_columns, wrapped(async_columns)])
async def test_a_table_is_handed_on_whole(collect):
    """Columns pass untouched: no sample objects are made."""
    sink, table = await run(collect)
    assert sink == []
    assert (table.series, list(table.values)) == (SERIES, [0, 1, 2])


@pytest.mark.parametrize("collect", FORMS)
async def test_the_first_samples_up_to_the_limit_are_kept(collect):
    """One sample too many is refused; what fits is there."""
    sink, error = await run(collect, limit=2)
    assert sink == SAMPLES[:2]
    assert isinstance(error, TooManySamples)
    assert "the first 2 samples were kept" in str(error)
    assert error.refused == 1
    assert await run(collect, limit=3) == (SAMPLES, None)


async def test_of_a_table_above_the_limit_the_first_rows_are_kept():
    """A device with more than expected tells what fits, and how much does not."""
    sink, error = await run(columns, limit=2)
    assert [(sample.series, sample.value) for sample in sink] == [(SERIES[0], 0), (SERIES[1], 1)]
    assert isinstance(error, TooManySamples)
    assert "the first 2 samples were kept" in str(error)
    assert error.refused == 1


def fails_late(self, device, ctx):
    yield SAMPLES[0]
    raise PartialCollect("half of it is missing")


async def async_fails_late(self, device, ctx):
    yield SAMPLES[0]
    raise PartialCollect("half of it is missing")


@pytest.mark.parametrize("collect", [fails_late, async_fails_late])
async def test_samples_before_an_error_are_kept(collect):
    """What was read is not lost because the next value failed."""
    sink, error = await run(collect)
    assert (sink, type(error)) == (SAMPLES[:1], PartialCollect)


@pytest.mark.parametrize(
    "answer",
    [None, 5, SAMPLES[0], object(), {"load": 1.0}, {}, "load 1", b"load 1"],
    ids=["nothing", "number", "one sample", "object", "map", "no map", "text", "bytes"],
)
@pytest.mark.parametrize("asynchronous", [True, False])
async def test_what_is_no_collection_is_named(answer, asynchronous):
    """A forgotten return is told in words, not as 'NoneType is not iterable'."""

    async def later(self, device, ctx):
        return answer

    def now(self, device, ctx):
        return answer

    _, error = await run(later if asynchronous else now)
    assert isinstance(error, TypeError)
    assert f"collect() gave {type(answer).__name__}; yield samples" in str(error)


@pytest.mark.parametrize("values", [[0, 1], [0, 1, 2, 3], iter([0, 1]), itertools.count()])
async def test_a_table_has_one_value_for_each_series(values):
    """Fewer or more values would put numbers under wrong names; an endless column ends too."""
    _, error = await run(lambda self, device, ctx: Columns(SERIES, values))
    assert isinstance(error, ValueError)
    assert "not as many values" in str(error)


@pytest.mark.parametrize("times", [[7, 8, 9], array("q", [7, 8, 9]), iter([7, 8, 9])])
async def test_a_table_may_have_times_of_its_own(times):
    """They come through, and one by one they are those of the samples."""
    _, table = await run(lambda self, device, ctx: Columns(SERIES, [0, 1, 2], times))
    assert list(table.times) == [7, 8, 9]
    assert [(s.series, s.value, s.ts) for s in table.samples()] == [
        (series, value, 7 + value) for value, series in enumerate(SERIES)
    ]


@pytest.mark.parametrize("times", [[7, 8], [7, 8, 9, 10], itertools.count()])
async def test_a_table_has_one_time_for_each_series(times):
    """As with values."""
    _, error = await run(lambda self, device, ctx: Columns(SERIES, [0, 1, 2], times))
    assert isinstance(error, ValueError)
    assert "not as many times" in str(error)


async def test_a_lazy_table_is_computed_where_it_was_made():
    """The values of a blocking plugin are computed on its thread, never on the event loop."""
    threads = []

    def lazily(self, device, ctx):
        return Columns(list(SERIES), (threads.append(threading.get_ident()) or i for i in range(3)))

    _, table = await run(lazily)
    assert (table.series, table.values) == (SERIES, [0, 1, 2])
    assert set(threads).isdisjoint({threading.get_ident()})


@pytest.mark.parametrize("collect", FORMS)
async def test_only_plain_functions_need_a_thread(collect):
    """Def runs on the given threads, async def on the loop."""
    ran = []

    async def on_thread(work):
        ran.append(work)
        return await asyncio.to_thread(work)

    assert await run(collect, run_blocking=on_thread) == (SAMPLES, None)
    assert bool(ran) is is_blocking(session(collect).collect)


async def test_blocking_code_runs_off_the_loop():
    """A plain def may block: it has a thread of its own."""
    seen = []

    def blocks(self, device, ctx):
        seen.append(threading.get_ident())
        return []

    await run(blocks)
    assert seen != [threading.get_ident()]


@pytest.mark.parametrize("limit", [1, 1000])
async def test_a_generator_is_closed_before_the_run_is_over(limit):
    """Its clean-up happens now, also when it is cut off, not when the garbage collector comes by."""
    closed = []

    async def async_opens(self, device, ctx):
        try:
            for sample in SAMPLES:
                yield sample
        finally:
            closed.append("async")

    def opens(self, device, ctx):
        try:
            yield from SAMPLES
        finally:
            closed.append("plain")

    for collect in (async_opens, opens):
        outcome = await run(collect, limit=limit)
        assert outcome
    assert closed == ["async", "plain"]


async def test_cancelling_stops_an_async_plugin_where_it_waits():
    """The deadline is real: collect is cancelled, cleans up, and what it yielded is kept."""
    events, sink, waiting = [], [], asyncio.Event()

    async def hangs(self, device, ctx):
        try:
            yield SAMPLES[0]
            waiting.set()
            await asyncio.Event().wait()
        finally:
            events.append("cleaned up")

    task = asyncio.create_task(invoke(session(hangs).collect, make_context(), sink))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (events, sink) == (["cleaned up"], SAMPLES[:1])


async def test_an_async_generator_that_never_waits_lets_others_have_the_loop():
    """A long table is not a pause for everybody else; and its run can be cancelled."""
    started, sink = asyncio.Event(), []

    async def pours(self, device, ctx):
        started.set()
        for sample in itertools.cycle(SAMPLES):
            yield sample

    task = asyncio.create_task(
        invoke(session(pours).collect, make_context(), sink, limit=10_000_000)
    )
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert 0 < len(sink) < 10_000
