"""Real servers that stop, hang and come back, and what the sender is told."""

import time

import pytest

from orbital_remote_write import RemoteWriteConfig, RemoteWriter
from orbital_sdk import WriterUnavailable
from orbital_sdk.testing import FakeHost, Writes, make_batch, make_layout


class Plain(RemoteWriter[RemoteWriteConfig]):
    name = "plain"


@pytest.fixture
async def write_to():
    """Starts writers; stops them."""
    writers = []

    async def start(url: str, **settings):
        writers.append(Plain(RemoteWriteConfig.model_validate({"url": url, **settings})))
        await writers[-1].start(FakeHost())
        return Writes(writers[-1])

    yield start
    for writer in writers:
        await writer.stop()


@pytest.mark.parametrize("kind", ["prometheus", "victoria_metrics"])
async def test_a_server_that_stops_hangs_and_returns(kind, request, write_to, metric_name):
    """Stopped: refused. Hanging: no answer in time. Back: the writer goes on."""
    server = request.getfixturevalue(f"start_{kind}")()
    write = await write_to(server.write_url)
    impatient = await write_to(server.write_url, timeout="300ms")
    layout, now = make_layout([metric_name]), int(time.time()) * 1000
    write(make_batch([1.0], layout=layout, ts=now))
    server.stop()
    with pytest.raises(WriterUnavailable, match=r"refused|closed"):
        write(make_batch([2.0], layout=layout, ts=now + 1000))
    server.start()
    write(make_batch([2.0], layout=layout, ts=now + 1000))
    server.pause()
    with pytest.raises(WriterUnavailable, match="in time"):
        impatient(make_batch([3.0], layout=layout, ts=now + 2000))
    server.resume()
    write(make_batch([4.0], layout=layout, ts=now + 3000))
    (series,) = server.samples(metric_name, start=now / 1000 - 60, end=now / 1000 + 60)
    assert {1.0, 2.0, 4.0} <= {value for _, value in series.samples}
