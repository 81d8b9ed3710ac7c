"""Samples out of Prometheus pages."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital_plugin_http import PrometheusRules
from orbital_plugin_http.budget import within
from orbital_plugin_http.exposition import Exposition
from orbital_plugin_http.failure import ProbeFailedError
from orbital_sdk import PartialCollect, UnexpectedReply
from orbital_testbench import Answer, Garbage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orbital_plugin_http.readings import Readings
    from orbital_sdk.testing import Collection
    from orbital_testbench import HostileServer, Prometheus

    Probe = Callable[..., Awaitable[Collection]]

PAGE = """\
# HELP requests_total Requests served.
# TYPE requests_total counter
requests_total{method="get",code="200"} 1027 1395066363000
requests_total{method="post",code="400"} 3
# HELP temperature_celsius Now.
# TYPE temperature_celsius gauge
temperature_celsius -4.5e0
# TYPE latency_seconds histogram
latency_seconds_bucket{le="0.1"} 5
latency_seconds_bucket{le="+Inf"} 9
latency_seconds_sum 1.5
latency_seconds_count 9
# TYPE size_bytes summary
size_bytes{quantile="0.5"} 100
size_bytes_sum 900
size_bytes_count 9
untyped_thing{path="C:\\\\x \\"y\\"",device_id="17"} +Inf
"""


def read(page: str, kind: str = "text/plain", limit: int = 100, **rules: Any) -> Readings:
    return Exposition(PrometheusRules.model_validate(rules), limit).read(page, kind)


def test_every_type_of_sample_is_taken() -> None:
    """Counters, gauges, histograms, summaries and untyped ones: name, labels, kind, value and time."""
    readings = read(PAGE)
    assert readings.missing == 0
    found = {repr(s.series): (s.series.metric.kind, s.value, s.ts) for s in readings.samples}
    assert found == {
        "requests_total{code='200', method='get'}": ("counter", 1027, 1395066363000),
        "requests_total{code='400', method='post'}": ("counter", 3, None),
        "temperature_celsius{}": ("gauge", -4.5, None),
        "latency_seconds_bucket{le='0.1'}": ("counter", 5, None),
        "latency_seconds_bucket{le='+Inf'}": ("counter", 9, None),
        "latency_seconds_sum{}": ("counter", 1.5, None),
        "latency_seconds_count{}": ("counter", 9, None),
        "size_bytes{quantile='0.5'}": ("gauge", 100, None),
        "size_bytes_sum{}": ("counter", 900, None),
        "size_bytes_count{}": ("counter", 9, None),
        "untyped_thing{exported_device_id='17', path='C:\\\\x \"y\"'}": (
            "gauge",
            float("inf"),
            None,
        ),
    }
    helps = {s.series.metric.name: s.series.metric.help for s in readings.samples}
    assert helps["requests_total"] == "Requests served."


def test_names_are_chosen_and_prefixed() -> None:
    """`include` and `exclude` look at whole names; the prefix goes before what is left."""
    readings = read(PAGE, include=["size_.*", "temp.*"], exclude=".*_sum", prefix="edge_")
    assert [s.series.metric.name for s in readings.samples] == [
        "edge_temperature_celsius",
        "edge_size_bytes",
        "edge_size_bytes_count",
    ]
    assert read(PAGE, include="requests").samples == []


def test_the_page_s_times_may_be_left_out() -> None:
    """With `honor_timestamps: false` every sample has the time of the collection."""
    assert {sample.ts for sample in read(PAGE, honor_timestamps=False).samples} == {None}


def test_series_are_the_same_from_page_to_page() -> None:
    """A layout is built once: the same page gives the very same series."""
    exposition = Exposition(PrometheusRules(), 100)
    first, second = (exposition.read(PAGE, "").samples for _ in range(2))
    assert [s.series for s in first] == [s.series for s in second]


def test_what_stands_before_a_mistake_is_kept() -> None:
    """A malformed line ends the page there, counted and named."""
    readings = read('a 1\nb 2\nc{x="1" 3\nd 4\n')
    assert [s.series.metric.name for s in readings.samples] == ["a", "b"]
    assert readings.missing == 1
    assert "malformed after 2 samples" in readings.summary


@pytest.mark.parametrize(
    "page",
    [
        "<html><body>Not here</body></html>",
        "{",
        "a b c d e",
        "a 1 2 3",
        'a{b="c"} 1 2 3',
        "a 1 1e400",
        "a 1 nan",
        "# HELP\n# TYPE",
        "{} 1",
        'a{b="c',
        "a one",
        "\x1f\x8b",
    ],
)
def test_what_is_no_page_is_a_failure_of_the_body(page: str) -> None:
    """An error page with status 200 is not taken for an empty one."""
    with pytest.raises(ProbeFailedError, match=r"not a Prometheus page: ..."):
        read(page)


@pytest.mark.parametrize("bad", ["x 1 2 3", "x 1 1e400", "x", "{} 1", "x{"])
def test_whatever_is_wrong_with_a_line_is_said(bad: str) -> None:
    """The samples before it are kept, and the run is partial, with the reason."""
    readings = read(f"a 1\n{bad}\nb 2\n")
    assert [s.series.metric.name for s in readings.samples] == ["a"]
    assert readings.missing == 1
    assert re.fullmatch("the page is malformed after 1 samples: .+", readings.first)


async def test_a_page_that_may_be_cut_loses_its_last_line_and_says_so(
    probe: Probe, hostile_server: HostileServer
) -> None:
    """Without a length a lost connection looks like the end: a number that may go on is none. With a length
    the last line may end without a line feed.
    """
    config = {"prometheus": True}
    hostile_server.script(
        Garbage(b"HTTP/1.1 200 OK\r\n\r\na 1\nb 12"),
        Garbage(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\na 1\nb 12"),
    )
    cut = await probe(hostile_server.url, config)
    assert isinstance(cut.error, PartialCollect)
    assert "the page ends within a line: 'b 12'" in str(cut.error)
    assert cut.value("a") == 1
    assert "b" not in cut.names
    whole = await probe(hostile_server.url, config)
    assert (whole.error, whole.value("b")) == (None, 12)


def test_long_lines_and_long_work_end() -> None:
    """A line is bounded, and so is the time for a page: what is beyond is not a page."""
    readings = read("a 1\nb{" + 'x="1",' * 5000 + "} 2\n")
    assert "a line of more than 16384 characters" in readings.summary
    with pytest.raises(ProbeFailedError, match="takes too long to read"), within(-1.0):
        read(PAGE)


def test_an_empty_page_has_no_samples() -> None:
    """Nothing to tell is not a failure."""
    assert read("").samples == read("# nothing\n").samples == []


def test_no_more_samples_than_allowed_are_taken() -> None:
    """The limit also holds within one large family."""
    page = "".join(f'a{{i="{i}"}} {i}\n' for i in range(50))
    readings = read(page, limit=10)
    assert len(readings.samples) == 10
    assert "max_values" in readings.summary


def test_openmetrics_is_read_as_such() -> None:
    """Where the server says so; exemplars and the end mark don't disturb."""
    page = (
        '# TYPE hits counter\nhits_total{a="b"} 3 1.5 # {trace="x"} 1\nhits_created 1.0\n'
        '# TYPE state stateset\nstate{state="on"} 1\n# EOF\n'
    )  # fmt: skip
    readings = read(page, "application/openmetrics-text; version=1.0.0; charset=utf-8")
    found = {repr(s.series): (s.series.metric.kind, s.value, s.ts) for s in readings.samples}
    assert found == {
        "hits_total{a='b'}": ("counter", 3, 1500),
        "hits_created{}": ("counter", 1, None),
        "state{state='on'}": ("gauge", 1, None),
    }


def test_a_name_that_no_destination_takes_costs_itself_only() -> None:
    """UTF-8 names in quotes are counted as missing; the rest of the page is taken."""
    readings = read('{"my.metric", a="b"} 1\nplain 2\n')
    assert [s.series.metric.name for s in readings.samples] == ["plain"]
    assert readings.missing == 1


@given(page=st.text(max_size=200) | st.text(alphabet='a_1{}="\n ,#TYPEHL', max_size=200))
def test_any_text_is_a_page_or_a_failure_of_the_body(page: str) -> None:
    """Nothing but the plugin's own failure is raised."""
    for kind in ("text/plain", "application/openmetrics-text"):
        with contextlib.suppress(ProbeFailedError):
            read(page, kind)


async def test_a_real_server_s_own_page(probe: Probe, prometheus: Prometheus) -> None:
    """All that Prometheus says about itself comes, beside the probe's own metrics."""
    config = {"prometheus": {"include": ["prometheus_.*", "go_.*"]}, "compression": True}
    result = await probe(prometheus.url + "/metrics", config)
    assert result.error is None
    assert result.value("probe_success") == 1
    assert result.value("go_goroutines") > 1
    assert len(result.samples) > 200


async def test_a_large_page_is_read_on_a_thread_and_a_broken_one_is_partial(
    probe: Probe, hostile_server: HostileServer
) -> None:
    """10,000 samples come; a page that breaks off is partial; an error page is an unexpected reply."""
    page = "".join(f'a{{i="{i}"}} {i}\n' for i in range(10_000)).encode()
    hostile_server.script(
        Answer(body=page), Answer(body=page + b"b{"), Answer(body=b"<p>x y z</p>")
    )
    whole, partial, broken = [
        await probe(hostile_server.url, {"prometheus": True}) for _ in range(3)
    ]
    assert whole.value("a", i="9999") == 9999
    assert isinstance(partial.error, PartialCollect)
    assert partial.value("a", i="0") == 0
    assert isinstance(broken.error, UnexpectedReply)
    assert hostile_server.requests[0].headers["accept"].startswith("text/plain;version=0.0.4")


async def test_a_large_page_does_not_wait_for_other_peoples_threads(
    probe: Probe, hostile_server: HostileServer
) -> None:
    """Another plugin may have filled the loop's own threads with work that does not return."""
    gate, loop = threading.Event(), asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))
    stuck = loop.run_in_executor(None, gate.wait)
    hostile_server.default = Answer(body=b"".join(b"a%d 1\n" % i for i in range(10_000)))
    try:
        result = await probe(hostile_server.url, {"prometheus": True})
        assert not stuck.done()
    finally:
        gate.set()
    assert result.error is None
    assert result.value("a9999") == 1
