"""How Prometheus really refuses, and what our sender is told."""

import re

import pytest

from orbital_sdk import Refusal, Refused, WriterMisconfigured, Written
from orbital_sdk.testing import make_batch, make_layout
from orbital_writer_prometheus import Prometheus

MINUTE = 60_000


def values(server, selector: str, now: int) -> list[float]:
    found = server.samples(selector, start=now / 1000 - 86_400, end=now / 1000 + 60)
    return [value for series in found for _, value in series.samples]


async def test_prometheus_wants_order(prometheus, connect, metric_name, now):
    """Resent, changed and older samples are refused as what it has already; the newest one may come twice."""
    assert not Prometheus.takes_old_samples
    write = await connect(prometheus.write_url)
    layout = make_layout([metric_name])
    first, second = [make_batch([v], layout=layout, ts=now + int(v)) for v in (1.0, 2.0)]
    write(first, second)
    write(second)
    for again in (first, make_batch([9.0], layout=layout, ts=now + 2)):
        refusal = write.refusal(again, attempt=2)
        assert refusal.refusal is Refusal.THERE
        assert re.search("out of order sample|duplicate sample", refusal.reason)
    assert values(prometheus, metric_name, now) == [1.0, 2.0]


async def test_prometheus_rolls_a_whole_request_back(prometheus, connect, metric_name, now):
    """One bad sample costs the good ones of its request too: the error names none, and the sender bisects.

    Defect B-25 (400 retried for ever, duplicates on partial failure): the refusal is told apart from an
    outage, and nothing of the refused request is stored.
    """
    write = await connect(prometheus.write_url)
    good, bad = make_layout([metric_name]), make_layout([metric_name + "_bad"])
    write(make_batch([1.0], layout=bad, ts=now))
    write.refusal(make_batch([1.0], layout=good, ts=now), make_batch([2.0], layout=bad, ts=now))
    assert values(prometheus, metric_name, now) == []
    write(make_batch([1.0], layout=good, ts=now))
    assert values(prometheus, metric_name, now) == [1.0]


async def test_prometheus_with_a_window_takes_old_samples(
    start_prometheus, connect, metric_name, now
):
    """With out_of_order_time_window a replay is harmless. What is older still is refused; while it is fresh
    that says that its series went on, and of older samples it says nothing.
    """
    server = start_prometheus(out_of_order="30m")
    write = await connect(server.write_url)
    layout = make_layout([metric_name])
    for ts in (now, now - 10 * MINUTE, now, now - 10 * MINUTE):
        write(make_batch([1.0], layout=layout, ts=ts))
    assert values(server, metric_name, now) == [1.0, 1.0]
    for minutes, kind in ((40, Refusal.THERE), (70, Refusal.BAD)):
        refusal = write.refusal(make_batch([1.0], layout=layout, ts=now - minutes * MINUTE))
        assert refusal.refusal is kind
        assert "too old sample" in refusal.reason
    write(make_batch([1.0], layout=make_layout([f"{metric_name}_new"]), ts=now - 40 * MINUTE))


async def test_prometheus_refuses_what_is_out_of_bounds(
    start_prometheus, connect, metric_name, now
):
    """Far behind the newest sample of anybody: refused, and not because it is there already."""
    server = start_prometheus()
    write = await connect(server.write_url)
    write(make_batch([1.0], layout=make_layout([metric_name]), ts=now))
    old = make_batch([1.0], layout=make_layout([metric_name + "_old"]), ts=now - 120 * MINUTE)
    refusal = write.refusal(old)
    assert (refusal.refusal, "out of bounds" in refusal.reason) == (Refusal.BAD, True)


@pytest.mark.parametrize(
    ("path", "advice"),
    [("/api/v1/wirte", "url"), ("/", "url"), ("/api/v1/query", "answers queries")],
)
async def test_wrong_paths_pause_and_lose_nothing(prometheus, connect, path, advice, now):
    """A mistyped URL is a thing for a person, also where the server answers it with 400."""
    write = await connect(prometheus.url + path)
    with pytest.raises(WriterMisconfigured, match=advice):
        write(make_batch(ts=now))


async def test_prometheus_without_its_receiver(start_prometheus, connect, now):
    """The flag that is missing most often is named."""
    server = start_prometheus(receiver=False)
    write = await connect(server.write_url)
    with pytest.raises(WriterMisconfigured, match="enable-remote-write-receiver"):
        write(make_batch(ts=now))


async def test_names_that_clash_are_given_back_and_the_rest_delivered(
    prometheus, connect, metric_name, now
):
    """Two series that valid names would make one: the first is stored, the second refused by name."""
    write = await connect(prometheus.write_url)
    layout = make_layout([metric_name, metric_name.replace("_", "."), metric_name + "_other"])
    answer = write.answer(make_batch([1.0, 2.0, 3.0], layout=layout, ts=now))
    (refused,) = answer.refused
    assert answer == Written(answer.bytes, [Refused(0, 1, refused.reason)])
    assert answer.bytes > 0
    assert "same series" in refused.reason
    assert values(prometheus, f'{{__name__=~"{metric_name}.*"}}', now) == [1.0, 3.0]


async def test_prometheus_behind_tls_and_a_password(
    prometheus, start_nginx, authority, connect, metric_name, now, tmp_path
):
    """The usual way into a data centre: nginx with https and basic auth before Prometheus."""
    (tmp_path / "users").write_text("edge:{PLAIN}correct-horse\n")
    server = start_nginx(
        f"auth_basic on; auth_basic_user_file {tmp_path / 'users'};"
        f" location / {{ proxy_pass {prometheus.url}; }}",
        certificate=authority.issue(),
    )
    settings = {"tls": {"ca_file": str(authority.ca_file)}}
    url = server.tls_url + "/api/v1/write"
    write = await connect(url, **settings)
    with pytest.raises(WriterMisconfigured, match="basic_auth"):
        write(make_batch({metric_name: 1.0}, ts=now))
    auth = {"username": "edge", "password": "correct-horse"}
    write = await connect(url, basic_auth=auth, **settings)
    write(make_batch({metric_name: 1.0}, ts=now))
    assert values(prometheus, metric_name, now) == [1.0]


async def test_write_needs_start(now):
    """A writer that was not started says so, as a mistake of the program and not of the network."""
    writer = Prometheus(Prometheus.config_model.model_validate({"url": "http://127.0.0.1:1"}))
    with pytest.raises(RuntimeError, match=r"without start\(\)"):
        writer.write([make_batch(ts=now)], None)
