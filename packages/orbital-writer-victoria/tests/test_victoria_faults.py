"""How a real server refuses, and what our sender is told."""

import pytest

from orbital_sdk import WriterMisconfigured, WriterUnavailable
from orbital_sdk.testing import make_batch


@pytest.mark.parametrize(
    ("path", "advice"), [("/api/v1/wirte", "url"), ("/api/v1/query", "answers queries")]
)
async def test_wrong_paths_pause_and_lose_nothing(victoria_metrics, connect, path, advice, now):
    """A mistyped URL is a thing for a person, though the server answers it with 400."""
    write = await connect(victoria_metrics.url + path)
    with pytest.raises(WriterMisconfigured, match=advice):
        write(make_batch(ts=now))


async def test_a_full_disk_keeps_everything(start_victoria_metrics, connect, metric_name, now):
    """Below -storage.minFreeDiskSpaceBytes it takes nothing: unavailable, so the sender keeps all."""
    server = start_victoria_metrics(flags=["-storage.minFreeDiskSpaceBytes=1000TB"])
    write = await connect(server.write_url)
    with pytest.raises(WriterUnavailable):
        write(make_batch({metric_name: 1.0}, ts=now))
