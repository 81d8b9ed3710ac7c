"""The public API as a third party's type checker sees it. Checked by `test_typing.py`, never run.

An ignored error is an assertion that the checkers see one: an ignore that is not needed is an error.
"""

from array import array
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, assert_type

from pydantic import SecretStr

from orbital_sdk import (
    Attempt,
    Batch,
    ByteSize,
    Columns,
    Context,
    DeviceFields,
    DeviceUnreachable,
    Duration,
    Emit,
    Host,
    Layout,
    Metric,
    NotWritten,
    PerSeries,
    Plan,
    Plugin,
    PluginConfig,
    PluginHost,
    Port,
    Processor,
    ProcessorConfig,
    Refusal,
    Refused,
    Row,
    Sample,
    Series,
    Session,
    WriteAnswer,
    Writer,
    WriterConfig,
    WriterUnavailable,
    Written,
    manifest,
)
from orbital_sdk.testing import (
    Collection,
    RecordingWriter,
    check_plugin,
    check_processor,
    check_writer,
    collect_once,
    make_batch,
    process,
    runs_of,
)


class Device(DeviceFields):
    host: Host
    port: Port = 3493
    password: SecretStr | None = None


class Config(PluginConfig):
    timeout: Duration = 5.0
    cache: ByteSize = 1024


class Base(Plugin[Device, Config]):
    charge = Metric("charge_ratio", "Charge", unit="ratio", labels=("host",))

    async def start(self, host: PluginHost) -> None:
        assert_type(self.config, Config)
        assert_type(self.config.timeout, float)
        assert_type(self.config.cache, int)

    def target(self, device: Device) -> str:
        assert_type(device.host, str)
        assert_type(device.port, int)
        return device.host


class AsyncGenerator(Base):
    name = "async-generator"

    async def collect(self, device: Device, ctx: Context) -> AsyncIterator[Sample]:
        assert_type(ctx.remaining(), float)
        yield self.charge(0.87, host=device.host)
        raise DeviceUnreachable(f"{device.host}: no answer", samples=[self.charge(1, device.host)])


class AsyncList(Base):
    name = "async-list"

    async def collect(self, device: Device, ctx: Context) -> list[Sample]:
        return [self.charge(1, device.host)]


class AsyncTable(Base):
    name = "async-table"

    async def collect(self, device: Device, ctx: Context) -> Columns:
        return Columns((self.charge.series(device.host),), [1.0])


class Blocking(Base):
    name = "blocking"

    def collect(self, device: Device, ctx: Context) -> list[Sample]:
        return [self.charge(1, device.host)]


class Generating(Base):
    name = "generating"

    def collect(self, device: Device, ctx: Context) -> Iterable[Sample]:
        yield self.charge(1, device.host)


class Table(Base):
    name = "table"

    def collect(self, device: Device, ctx: Context) -> Columns:
        return Columns((self.charge.series(device.host),), (n for n in range(1)))


class Line(Session):
    def __init__(self, plugin: Base, device: Device) -> None:
        self.series = (plugin.charge.series(device.host),)

    async def collect(self, ctx: Context) -> Columns:
        return Columns(self.series, [ctx.remaining()])

    async def test(self, ctx: Context) -> str:
        return "it answers"

    async def close(self) -> None: ...


class Plain(Session):
    def collect(self, ctx: Context) -> Iterable[Sample]:
        return []

    def test(self, ctx: Context) -> str:
        return "it answers"

    def close(self) -> None: ...


class Metered(Base):
    name = "metered"

    async def open(self, device: Device) -> Line:
        return Line(self, device)


class BlockingMetered(Base):
    name = "blocking-metered"

    def open(self, device: Device) -> Plain:
        return Plain()


class Receiving(Base):
    name = "receiving"

    async def serve(self, device: Device, emit: Emit) -> None:
        series = (self.charge.series(device.host),)
        await emit([self.charge(1, device.host)])
        await emit(Columns(series, array("d", [1.0]), array("q", [1_700_000_000_000])))
        await emit(1.0)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


class WrongSession(Base):
    name = "wrong-session"

    async def open(self, device: Device) -> None: ...  # type: ignore[override]


class Wrong(Base):
    name = "wrong"

    def collect(self, device: Device, ctx: Context) -> list[float]:  # type: ignore[override]
        return [1.0]


class Settings(WriterConfig):
    url: str


class Push(Writer[Settings]):
    name = "push"

    async def write(self, batches: Sequence[Batch], attempt: Attempt) -> NotWritten:
        assert_type(self.config.url, str)
        for batch in batches:
            for row, ts, value in batch.items():
                assert_type(row, Row)
                assert_type(ts, int)
                assert_type(value, float)
        if attempt.number > 1:
            raise WriterUnavailable("away", retry_after=attempt.number)
        return NotWritten("no such metric here", Refusal.DOUBTFUL)


class Lines(Writer[Settings]):
    name = "lines"

    def write(self, batches: Sequence[Batch], attempt: Attempt) -> Written:
        refused = [Refused(0, 0, "older than a year"), Refused(0, 1, "have it", Refusal.THERE)]
        Refused(0, 2, "413", Refusal.TOO_LARGE)  # type: ignore[arg-type]
        return Written(sum(batch.samples for batch in batches), refused)


class Rename(Processor[ProcessorConfig]):
    name = "rename"

    def plan(self, layout: Layout) -> list[Row | None]:
        return [Row("site_" + row.name, dict(row.labels), row.kind) for row in layout.rows]


class Last:
    value = 0.0


class Change(Processor[ProcessorConfig]):
    name = "change"

    def __init__(self, config: ProcessorConfig) -> None:
        super().__init__(config)
        self.last = PerSeries(Last)

    def plan(self, layout: Layout) -> Plan:
        series = self.last.of(layout)
        assert_type(series, list[Last])

        def step(batch: Batch) -> list[float]:
            assert_type(batch.values, array[float])
            return [value - one.value for value, one in zip(batch.values, series, strict=True)]

        return Plan(layout.rows, step)

    def flush(self, now: int, *, last: bool) -> Iterable[Batch]:
        return [make_batch(1, ts=now)] if last else ()


def metrics(metric: Metric) -> None:
    """Label values are text, values are numbers."""
    assert_type(metric(1, "a"), Sample)
    assert_type(metric(1.5, host="a", ts=1_700_000_000_000), Sample)
    assert_type(metric.series("a"), Series)
    assert_type(metric.series("a")(1.5), Sample)
    metric(1, 5)  # type: ignore[arg-type]
    metric(1, host=True)  # type: ignore[arg-type]
    metric("1", "a")  # type: ignore[arg-type]
    Metric("m", kind="summary")  # type: ignore[arg-type]


async def testing() -> None:
    """The testing kit takes models or mappings."""
    collection = await collect_once(AsyncList, {"host": "a"}, Config(), timeout=5)
    assert_type(collection, Collection)
    assert_type(collection.value("charge_ratio", host="a"), float)
    assert_type(collection.samples, tuple[Sample, ...])
    assert_type(collection.error, Exception | None)
    async with runs_of(Metered, {"host": "a"}) as runs:
        assert_type(await runs.collect(timeout=5), Collection)
    await check_plugin(Blocking, Device(host="a"), entry_point=False)
    await check_writer(lambda: Push(Settings(url="x")))
    await check_processor(lambda: Change(ProcessorConfig()), [make_batch(1)])
    assert_type(process(Change(ProcessorConfig()), make_batch(1)), list[Batch])
    writer = RecordingWriter()
    writer.then(WriterUnavailable("down"), None)
    assert_type(await writer.write([make_batch({"up": 1.0})], Attempt()), WriteAnswer)
    await collect_once(AsyncList, 5)  # type: ignore[arg-type]


def manifests() -> dict[str, Any]:
    """Of plugins, writers and processors alike, and of nothing else."""
    manifest(Push)
    manifest(Rename, version="1")
    manifest(Device)  # type: ignore[arg-type]
    return manifest(AsyncList, version="1.0")
