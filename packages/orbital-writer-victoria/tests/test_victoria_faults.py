"""How a real server refuses, hangs and comes back, and what our sender is told."""

import pytest

from orbital_sdk import WriterMisconfigured, WriterUnavailable
from orbital_sdk.testing import make_batch, make_layout


@pytest.mark.parametrize(
    ("path", "advice"), [("/api/v1/wirte", "url"), ("/api/v1/query", "answers queries")]
)
async def test_wrong_paths_pause_and_lose_nothing(victoria_metrics, connect, path, advice, now):
    """A mistyped URL is a thing for a person, though the server answers it with 400."""
    write = await connect(victoria_metrics.url + path)
    with pytest.raises(WriterMisconfigured, match=advice):
        write(make_batch(ts=now))


async def test_server_that_stops_hangs_and_returns(
    start_victoria_metrics, connect, metric_name, now
):
    """Stopped: refused. Hanging: no answer in time. Back: the writer goes on."""
    server = start_victoria_metrics()
    write = await connect(server.write_url)
    impatient = await connect(server.write_url, timeout="300ms")
    layout = make_layout([metric_name])
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
    (series,) = server.samples(metric_name)
    assert {1.0, 2.0, 4.0} <= {value for _, value in series.samples}


async def test_a_full_disk_keeps_everything(start_victoria_metrics, connect, metric_name, now):
    """Below -storage.minFreeDiskSpaceBytes it takes nothing: unavailable, so the sender keeps all."""
    server = start_victoria_metrics(flags=["-storage.minFreeDiskSpaceBytes=1000TB"])
    write = await connect(server.write_url)
    with pytest.raises(WriterUnavailable):
        write(make_batch({metric_name: 1.0}, ts=now))
