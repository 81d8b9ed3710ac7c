"""Which of several addresses is asked, and when one that failed is asked again."""

import pytest

from orbital_remote_write import Client, Failover, RemoteWriteConfig
from orbital_remote_write.failover import HOLD
from orbital_sdk import WriterUnavailable
from orbital_testbench import Answer, HostileServer

BODY = b"a request, as far as the client is concerned"


class Clock:
    """Seconds, as the test says."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def place(hostile_server, clock):
    """Two addresses on servers of their own: the failover, and both servers."""
    hostile_server.default = Answer(204)
    with HostileServer() as other:
        other.default = Answer(204)
        urls = [server.url for server in (hostile_server, other)]
        clients = [Client(RemoteWriteConfig.model_validate({"url": url})) for url in urls]
        failover = Failover(clients, patience=10, clock=clock)
        yield failover, hostile_server, other
        failover.close()


def test_one_that_failed_is_asked_again_after_a_while(place, clock):
    """For half a minute all goes to the second address; then the first gets its chance, and keeps it."""
    failover, first, second = place
    first.script(Answer(503))
    failover.post(BODY)
    clock.now += HOLD - 1
    failover.post(BODY)
    assert (len(first.requests), len(second.requests)) == (1, 2)
    assert failover.address == second.url
    clock.now += 2
    failover.post(BODY)
    failover.post(BODY)
    assert (len(first.requests), len(second.requests)) == (3, 2)
    assert failover.address == first.url


def test_retry_after_is_obeyed_while_another_works(place, clock):
    """An address that asks for two minutes gets them."""
    failover, first, second = place
    first.script(Answer(429, {"Retry-After": "120"}))
    failover.post(BODY)
    clock.now += 119
    failover.post(BODY)
    assert (len(first.requests), len(second.requests)) == (1, 2)


def test_an_hour_is_the_longest_that_an_address_is_left_alone(place, clock):
    """One that asks for thirty years, as a broken proxy may, is the first again after an hour."""
    failover, first, second = place
    first.script(Answer(503, {"Retry-After": "999999999"}))
    failover.post(BODY)
    clock.now += 3601
    failover.post(BODY)
    assert (len(first.requests), len(second.requests)) == (2, 1)


def test_all_down_are_all_asked(place, clock):
    """Nobody is left out for having failed before: the one that has been down longest is asked first."""
    failover, first, second = place
    first.script(Answer(503), Answer(503))
    second.script(Answer(503), Answer(204))
    with pytest.raises(WriterUnavailable):
        failover.post(BODY)
    clock.now += 1
    failover.post(BODY)
    assert (len(first.requests), len(second.requests)) == (2, 2)


def test_patience_ends_before_the_sender_gives_up(place, clock):
    """When the first address took all the time to fail, the next one is for the next call."""
    failover, first, second = place

    def slow(request):
        clock.now += 11
        return Answer(503)

    first.script(slow)
    with pytest.raises(WriterUnavailable):
        failover.post(BODY)
    assert not second.requests
    failover.post(BODY)
    assert len(second.requests) == 1
