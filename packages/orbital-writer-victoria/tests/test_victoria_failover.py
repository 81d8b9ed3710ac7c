"""Several addresses for one output: real servers that stop, hang and come back."""

import pytest

from orbital_sdk import WriterMisconfigured, WriterUnavailable
from orbital_sdk.testing import FakeHost, make_batch, make_layout
from orbital_testbench import Answer, CutAnswer, NoAnswer, free_port
from orbital_writer_victoria import VictoriaConfig, VictoriaMetrics


async def test_the_second_address_takes_over_and_the_first_one_back(
    start_victoria_metrics, hostile_server, connect, metric_name, now
):
    """Down: the same call goes to the other one, and stays there. That one down too: back to the first."""
    first, second = start_victoria_metrics(), start_victoria_metrics()
    write = await connect(first.write_url, fallback_urls=[second.write_url])
    layout = make_layout([metric_name])
    one, two, three, four = (make_batch([n], layout=layout, ts=now + n) for n in range(4))
    write(one)
    first.stop()
    write(two)
    write(three)
    assert second.count(metric_name) == 2
    first.start()
    second.stop()
    write(four)
    assert first.count(metric_name) == 2


async def test_an_address_that_hangs_costs_its_share_of_the_time(
    victoria_metrics, hostile_server, connect, metric_name, now
):
    """The first takes the request and says nothing: the same call reaches the second, and stays there."""
    hostile_server.default = NoAnswer()
    urls = {"fallback_urls": [victoria_metrics.write_url]}
    write = await connect(hostile_server.url, timeout="1s", **urls)
    layout = make_layout([metric_name])
    for n in range(3):
        write(make_batch([n], layout=layout, ts=now + n))
    assert victoria_metrics.count(metric_name) == 3
    assert len(hostile_server.requests) == 1


async def test_all_addresses_down(connect, now):
    """Every one is named in the error, and nothing can have been stored."""
    ports = free_port(), free_port()
    write = await connect(
        f"http://127.0.0.1:{ports[0]}", fallback_urls=[f"http://127.0.0.1:{ports[1]}"]
    )
    with pytest.raises(WriterUnavailable) as caught:
        write(make_batch(ts=now))
    assert all(f":{port}/api/v1/write: connection refused" in str(caught.value) for port in ports)
    assert not caught.value.sent


async def test_an_unknown_outcome_is_kept_in_mind(hostile_server, connect, now):
    """One refused, one cut after the request: it may be stored. Both ask to wait: the shorter counts."""
    hostile_server.script(
        CutAnswer(), Answer(503, {"Retry-After": "7"}), Answer(503, {"Retry-After": "5"})
    )
    write = await connect(f"http://127.0.0.1:{free_port()}", fallback_urls=[hostile_server.url])
    with pytest.raises(WriterUnavailable) as caught:
        write(make_batch(ts=now))
    assert caught.value.sent
    both = await connect(hostile_server.url + "/a", fallback_urls=[hostile_server.url + "/b"])
    with pytest.raises(WriterUnavailable) as caught:
        both(make_batch(ts=now))
    assert caught.value.retry_after == 5


async def test_a_wrong_password_is_not_a_reason_to_go_elsewhere(hostile_server, connect, now):
    """401 of the first address pauses the output; the second one never hears of the samples."""
    hostile_server.default = Answer(401)
    write = await connect(hostile_server.url + "/a", fallback_urls=[hostile_server.url + "/b"])
    with pytest.raises(WriterMisconfigured):
        write(make_batch(ts=now))
    assert [request.path for request in hostile_server.requests] == ["/a"]


async def test_status_shows_the_address_in_use(hostile_server, now):
    """People see where samples go, without a query."""
    hostile_server.default = Answer(204)
    dead = f"http://127.0.0.1:{free_port()}/w"
    settings = {"url": dead, "fallback_urls": [hostile_server.url + "/w?key=secret"]}
    writer = VictoriaMetrics(VictoriaConfig.model_validate(settings))
    assert writer.address == dead
    await writer.start(FakeHost())
    writer.write([make_batch(ts=now)], None)
    assert writer.address == hostile_server.url + "/w"
    await writer.stop()
    assert "secret" not in repr(writer.config)
