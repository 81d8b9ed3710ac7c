"""The sender before a real Prometheus and before an nginx that refuses: what becomes of the samples."""

import pytest

from orbital_buffer.buffer import memory_buffer
from orbital_buffer.model.limits import BufferLimits
from orbital_remote_write.remote_write_pb2 import WriteRequest
from orbital_runtime.clock import SystemClock
from orbital_runtime.sender import DeliveryPolicy, Output, Phase, Sender
from orbital_sdk.testing import make_batch, make_layout
from orbital_testbench import eventually
from orbital_writer_prometheus import Prometheus


class Careless(Prometheus):
    """Encodes as a writer would that lets a device's labels clash with its own."""

    name = "careless"

    def write(self, batches, attempt):
        request = WriteRequest()
        for batch in batches:
            for row, ts, value in batch.items():
                series = request.timeseries.add()
                names = [("__name__", row.name), *row.labels]
                for name, text in names + [("twice", "x")] * (2 * (value == 13)):
                    series.labels.add(name=name, value=text)
                series.samples.add(timestamp=ts, value=value)
        return self._client.post(request.SerializeToString())


@pytest.fixture
async def deliver():
    """Starts a sender before a writer; gives it, its buffer and its status."""
    buffer = memory_buffer(BufferLimits(samples=None, size=None), SystemClock())
    sender = Sender(buffer, clock=SystemClock())

    async def deliver(cls, url: str, *batches):
        quick = DeliveryPolicy(
            flush_interval=0.0, retry_interval=0.001, retry_max_interval=0.001, breaker_reset=0.001
        )
        await sender.add(Output("out", cls(cls.config_model.model_validate({"url": url})), quick))
        await buffer.append(batches)
        return sender, buffer

    yield deliver
    await sender.stop()
    await buffer.close()


async def test_a_500_for_bad_data_ends(prometheus, deliver, metric_name, now):
    """Prometheus says 500 to two labels of one name, for ever; all other samples arrive, and it is named."""
    layout = make_layout([(metric_name, {"index": str(i)}) for i in range(20)])
    polls = [make_batch(list(range(n, n + 20)), layout=layout, ts=now + n) for n in range(5)]
    _, buffer = await deliver(Careless, prometheus.write_url, *polls)
    await eventually(lambda: not buffer.waiting("out"), timeout=60)
    account = buffer.ledger.account("out")
    assert (account.delivered, account.dead_lettered) == (95, 5)
    letters = await buffer.dead_letters.list()
    assert {letter.value for letter in letters} == {13}
    assert {letter.reason for letter in letters} == {
        f'{prometheus.write_url} answered 500: label name "twice" is not unique: invalid sample'
    }
    found = prometheus.samples(metric_name, start=now / 1000 - 60, end=now / 1000 + 60)
    assert sum(len(series.samples) for series in found) == 95


async def test_a_proxy_that_refuses_everything_costs_nothing(
    prometheus, start_nginx, deliver, metric_name, now
):
    """A proxy's 400 is not a verdict on the samples: the output pauses, and they arrive by another way."""
    proxy = start_nginx("location / { return 400 'not from this network'; }")
    layout = make_layout([metric_name, metric_name + "_b"])
    sender, buffer = await deliver(
        Prometheus, proxy.url, make_batch([1.0, 2.0], layout=layout, ts=now)
    )
    await eventually(lambda: "not from this network" in sender.status()["out"].reason)
    await buffer.append([make_batch([3.0, 4.0], layout=layout, ts=now + 1)])  # the witness
    await eventually(lambda: sender.status()["out"].phase is Phase.PAUSED)
    assert "not from this network" in sender.status()["out"].reason
    config = Prometheus.config_model.model_validate({"url": prometheus.write_url})
    await sender.replace(Output("out", Prometheus(config), DeliveryPolicy(flush_interval=0.0)))
    await eventually(lambda: not buffer.waiting("out"))
    account = buffer.ledger.account("out")
    assert (account.delivered, account.dead_lettered) == (4, 0)


async def test_a_backlog_that_is_too_old_does_not_stop_what_is_fresh(
    start_prometheus, deliver, metric_name, now
):
    """Prometheus takes nothing of an old backlog, and says why: fresh samples follow at once."""
    server, hour = start_prometheus(), 3_600_000
    layout = make_layout([metric_name])
    first, buffer = await deliver(
        Prometheus, server.write_url, make_batch([1.0], layout=layout, ts=now)
    )
    await eventually(lambda: not buffer.waiting("out"))
    config = Prometheus.config_model.model_validate({"url": server.write_url})
    policy = DeliveryPolicy(batch_size=2, flush_interval=0.0)
    await first.replace(Output("out", Prometheus(config), policy))
    old = make_layout([metric_name + "_old", metric_name + "_older"])
    backlog = [make_batch([1.0, 2.0], layout=old, ts=now - 9 * hour + n) for n in range(5)]
    await buffer.append([*backlog, make_batch([2.0], layout=layout, ts=now + 1)])
    await eventually(lambda: not buffer.waiting("out"))
    account = buffer.ledger.account("out")
    assert (account.delivered, account.dead_lettered) == (2, 10)
    assert first.status()["out"].phase is not Phase.PAUSED
