"""zstd where it is read, snappy where it is not, and each request counted once."""

import cramjam
import pytest
import snappy

from orbital_sdk import WriterMisconfigured, WriterUnavailable
from orbital_sdk.testing import make_batch
from orbital_testbench import Answer, CutAnswer


def encodings(server) -> list[str]:
    return [request.headers["content-encoding"] for request in server.requests]


async def test_zstd_is_tried_first_and_stays(hostile_server, connect):
    """The body is zstd of what snappy would hold, under VictoriaMetrics' own header."""
    hostile_server.default = Answer(204)
    write = await connect(hostile_server.url + "/api/v1/write")
    plain = await connect(hostile_server.url + "/api/v1/write", compression="snappy")
    assert write(make_batch(241)) == len(hostile_server.requests[0].body)
    plain(make_batch(241))
    first, second = hostile_server.requests
    assert first.headers["x-victoriametrics-remote-write-version"] == "1"
    assert "x-prometheus-remote-write-version" not in first.headers
    assert second.headers["x-prometheus-remote-write-version"] == "0.1.0"
    assert bytes(cramjam.zstd.decompress(first.body)) == snappy.uncompress(second.body)
    assert len(first.body) < len(second.body)


@pytest.mark.parametrize("refusal", [Answer(400, body=b"snappy: corrupt input"), Answer(415)])
async def test_snappy_where_zstd_is_not_read(hostile_server, connect, refusal):
    """400 or 415 to the first request: the same samples go out again at once, and snappy stays."""
    hostile_server.script(refusal)
    hostile_server.default = Answer(204)
    write = await connect(hostile_server.url)
    write(make_batch(3))
    write(make_batch(3))
    assert encodings(hostile_server) == ["zstd", "snappy", "snappy"]


async def test_a_server_that_read_zstd_once_is_not_asked_twice(hostile_server, connect):
    """After that a 400 is about the samples; only words about snappy, or 415, are about the compression."""
    hostile_server.script(Answer(204), Answer(400, body=b"bad sample"))
    hostile_server.script(Answer(400, body=b"cannot decode snappy"), Answer(204))
    write = await connect(hostile_server.url)
    write(make_batch(3))
    assert write.refusal(make_batch(3)).reason == "bad sample"
    write(make_batch(3))
    assert encodings(hostile_server) == ["zstd", "zstd", "zstd", "snappy"]


async def test_a_refusal_of_both_is_about_the_samples(hostile_server, connect):
    """Where snappy is refused as well, nothing is learned, and the standard's words count."""
    hostile_server.script(Answer(400, body=b"no zstd"), Answer(400, body=b"label is bad"))
    hostile_server.default = Answer(204)
    write = await connect(hostile_server.url)
    assert write.refusal(make_batch(3)).reason == "label is bad"
    write(make_batch(3))
    assert encodings(hostile_server) == ["zstd", "snappy", "zstd"]


async def test_a_cut_second_request_may_have_been_stored(hostile_server, connect):
    """Cut after the change of compression: the outcome is unknown, and the next call starts afresh."""
    hostile_server.script(Answer(400), CutAnswer())
    hostile_server.default = Answer(204)
    write = await connect(hostile_server.url)
    with pytest.raises(WriterUnavailable) as caught:
        write(make_batch(3))
    assert caught.value.sent
    write(make_batch(3))
    assert encodings(hostile_server) == ["zstd", "snappy", "zstd"]


async def test_compression_that_is_set_is_not_changed(hostile_server, connect):
    """`zstd` means zstd: a server that does not read it refuses, and the samples are not to blame."""
    hostile_server.default = Answer(400, body=b"snappy: corrupt input")
    write = await connect(hostile_server.url, compression="zstd")
    with pytest.raises(WriterMisconfigured, match=r"corrupt.*look at compression"):
        write(make_batch(3))
    assert encodings(hostile_server) == ["zstd"]


async def test_a_real_server_that_reads_snappy_only(prometheus, connect, metric_name, now):
    """Prometheus in VictoriaMetrics' place gets every sample, once."""
    write = await connect(prometheus.write_url)
    for n in range(3):
        write(make_batch({metric_name: float(n)}, ts=now + n))
    (series,) = prometheus.samples(metric_name, start=now / 1000 - 60, end=now / 1000 + 60)
    assert [value for _, value in series.samples] == [0.0, 1.0, 2.0]
