"""Numbers out of JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital_plugin_http import HttpConfig
from orbital_plugin_http.budget import within
from orbital_plugin_http.failure import ProbeFailedError
from orbital_plugin_http.values import Values
from orbital_sdk import PartialCollect, UnexpectedReply
from orbital_testbench import Answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orbital_plugin_http.readings import Readings
    from orbital_sdk.testing import Collection
    from orbital_testbench import HostileServer

    Probe = Callable[..., Awaitable[Collection]]

UPS = {
    "site": "north",
    "battery": {"charge": 87, "state": "charging", "text": " 27.4 "},
    "on_line": True,
    "outlets": [
        {"id": 1, "name": "router", "watts": 12.5, "tags": ["a"]},
        {"id": 2, "name": "switch", "watts": None},
        {"id": 3, "name": "camera", "watts": "n/a"},
    ],
    "ports": {"eth0": {"rx": 10}, "eth1": {"rx": 20}},
}


def read(document: Any, *rules: dict[str, Any], limit: int = 100) -> Readings:
    config = HttpConfig.model_validate({"values": rules})
    return Values(config.values, limit).read(json.dumps(document).encode())


def shown(readings: Readings) -> dict[str, float]:
    return {repr(sample.series): sample.value for sample in readings.samples}


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ({"path": "$.battery.charge", "scale": 0.01}, 0.87),
        ({"path": "$.battery.state", "map": {"charging": 1, "failed": 0}}, 1),
        ({"path": "$.battery.text"}, 27.4),
        ({"path": "$.on_line"}, 1),
        ({"path": "$", "value": "$.battery.charge"}, 87),
        ({"path": "$.outlets[?@.name=='router'].watts"}, 12.5),
        ({"path": "$.outlets[?match(@.name, 'rou.*')]", "value": "$.watts"}, 12.5),
        ({"path": "$.outlets[?search(@.name, 'out')]", "value": "$.watts"}, 12.5),
        ({"path": "$['battery']['charge']"}, 87),
        ({"path": "$..charge"}, 87),
    ],
)
def test_a_number_is_found_by_its_path(rule: dict[str, Any], value: float) -> None:
    """Numbers, numbers written as text, true and false, and texts that stand for numbers; scaled."""
    readings = read(UPS, {"name": "x", **rule})
    assert [sample.value for sample in readings.samples] == [pytest.approx(value)]
    assert readings.missing == 0


def test_labels_come_from_item_document_key_or_are_fixed() -> None:
    """Each item of a list or map is one series, told apart by what stands beside its number."""
    labels = {"port": "$key", "site": "$root.site", "room": "7"}
    rule = {"name": "rx_bytes_total", "path": "$.ports.*", "value": "$.rx", "labels": labels}
    assert shown(read(UPS, {**rule, "kind": "counter", "unit": "bytes"})) == {
        "rx_bytes_total{port='eth0', site='north', room='7'}": 10,
        "rx_bytes_total{port='eth1', site='north', room='7'}": 20,
    }
    labels = {"id": "$.id", "tags": "$.tags", "none": "$.nothing", "index": "$key"}
    rule = {"name": "w", "path": "$.outlets[0]", "value": "$.watts", "labels": labels}
    assert shown(read(UPS, rule)) == {"w{id='1', tags='[\"a\"]', none='', index='0'}": 12.5}


def test_what_is_missing_is_counted_and_named() -> None:
    """Null, text that is not a number, a missing path: the others are kept. Optional ones don't count."""
    rule = {"name": "w", "path": "$.outlets[*]", "value": "$.watts", "labels": {"n": "$.name"}}
    absent = {"name": "a", "path": "$.absent"}
    readings = read(UPS, rule, absent)
    assert [sample.value for sample in readings.samples] == [12.5]
    assert readings.missing == 3
    assert "no number at $.watts of w{n='switch'}" in readings.summary
    assert read(UPS, {**rule, "required": False}, {**absent, "required": False}).missing == 0


@pytest.mark.parametrize(
    ("document", "summary"),
    [
        ([1e300], "no number"),
        ([float("nan"), float("inf")], "2 values missing"),
        (["nan"], "no number"),
        (["inf"], "no number"),
        (["9" * 400], "no number"),
        ([10**400], "no number"),
        ([{"a": 1}], "no number"),
        ([], "nothing at $[*]"),
        ({}, "nothing at $[*]"),
    ],
)
def test_what_is_no_finite_number_is_missing(document: Any, summary: str) -> None:
    """Infinity, NaN, numbers beyond a double, objects: counted, and never a sample."""
    readings = read(document, {"name": "x", "path": "$[*]", "scale": 1e300})
    assert readings.samples == []
    assert summary in readings.summary


def test_series_that_cannot_be_told_apart_are_kept_once() -> None:
    """Two items under the same labels would be one series with two values: the second is refused."""
    readings = read([1, 2], {"name": "x", "path": "$[*]"})
    assert [sample.value for sample in readings.samples] == [1]
    assert "give it a label" in readings.summary
    assert read([1, 2], {"name": "x", "path": "$[0]"}, {"name": "x", "path": "$[1]"}).missing == 1


def test_no_more_values_than_allowed_are_taken() -> None:
    """The limit holds over all rules, and says so."""
    rule = {"name": "x", "path": "$[*]", "labels": {"i": "$key"}}
    readings = read(list(range(50)), rule, limit=10)
    assert len(readings.samples) == 10
    assert "max_values" in readings.summary


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a": ', b"[" * 100_000, b'"\xff"', b"NaNs"])
def test_what_is_no_json_is_a_failure_of_the_body(body: bytes) -> None:
    """An error page, a cut document, nesting without end: the reason is body."""
    config = HttpConfig.model_validate({"values": [{"name": "x", "path": "$"}]})
    with pytest.raises(ProbeFailedError, match="the body is not JSON"):
        Values(config.values, 10).read(body)


def test_deep_nesting_and_slow_patterns_cost_their_rule_only() -> None:
    """What one path cannot do within its bounds is missing; the other rules are read."""
    deep: Any = 7
    for _ in range(300):
        deep = {"a": deep}
    document = {"deep": deep, "text": ["a" * 60 + "!"], "good": 1}
    readings = read(
        document,
        {"name": "deep", "path": "$.deep..x"},
        {"name": "slow", "path": "$.text[?match(@, '(a|aa)+')]"},
        {"name": "good", "path": "$.good"},
    )
    assert [sample.value for sample in readings.samples] == [1]
    assert readings.missing == 2
    assert "nested too deeply" in readings.summary


@pytest.mark.parametrize("path", ["$[*]", "$[?@[0] == -1]", "$..[?@ == -1]"])
def test_reading_ends_with_its_time(path: str) -> None:
    """Whether a path selects all or looks at all and selects nothing, each step asks for time."""
    with pytest.raises(ProbeFailedError, match="x: the body takes too long to read"), within(-1.0):
        read([[1], [2]], {"name": "x", "path": path})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(document=JSON)
def test_any_document_gives_finite_samples_or_misses(document: Any) -> None:
    """Whatever a device sends, there are numbers with text labels, and the rest is counted."""
    rule = {"name": "x", "path": "$..*", "labels": {"k": "$key", "me": "$", "all": "$root"}}
    readings = read(document, rule, limit=10_000)
    for sample in readings.samples:
        assert abs(sample.value) <= 1.8e308
        assert all(isinstance(value, str) for value in sample.series.values)


async def test_a_page_of_ten_thousand_values_is_read_and_the_loop_goes_on(
    probe: Probe, hostile_server: HostileServer
) -> None:
    """All values come, with the probe's own metrics; declared is what the rules name."""
    items = [{"id": f"n{i}", "v": i} for i in range(10_000)]
    hostile_server.default = Answer(200, body=json.dumps({"items": items}).encode())
    rule = {"name": "item_value", "path": "$.items[*]", "value": "$.v", "labels": {"id": "$.id"}}
    result = await probe(hostile_server.url, {"values": [rule]})
    assert result.error is None
    assert result.value("item_value", id="n9999") == 9999
    assert result.value("probe_success") == 1
    assert sum(s.series.metric.name == "item_value" for s in result.samples) == 10_000


async def test_some_missing_values_make_a_run_partial_and_no_json_fails_it(
    probe: Probe, hostile_server: HostileServer
) -> None:
    """Partial: the device is up and the samples are kept. No JSON at all is an unexpected reply."""
    rules = {"values": [{"name": "a", "path": "$.a"}, {"name": "b", "path": "$.b"}]}
    hostile_server.script(Answer(200, body=b'{"a": 1}'), Answer(200, body=b"<html>"))
    partial = await probe(hostile_server.url, rules)
    assert isinstance(partial.error, PartialCollect)
    assert partial.error.failed == 1
    assert "b: nothing at $.b" in str(partial.error)
    assert (partial.value("a"), partial.value("probe_success")) == (1, 1)
    broken = await probe(hostile_server.url, rules)
    assert isinstance(broken.error, UnexpectedReply)
    assert broken.value("probe_http_failure_reason", reason="body") == 1
