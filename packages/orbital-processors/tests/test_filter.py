"""filter: keep and drop, by name and labels once a layout, by value for each sample."""

import math

import pytest
from pydantic import ValidationError

from orbital_processors import Filter, FilterConfig
from orbital_sdk import Layout, Row
from orbital_sdk.testing import make_batch, make_layout, make_origin, process


def make(**settings):
    return Filter(FilterConfig.model_validate(settings))


def names(batch):
    return [row.name for row in batch.layout.rows]


def test_nothing_left():
    """A layout of which nothing is left needs no step."""
    plan = make(drop=[{"metric": "*"}]).plan(make_layout(3))
    assert plan == [None] * 3


def test_nothing_changed():
    """A layout that stays as it is keeps its rows."""
    layout = make_layout(3)
    assert all(
        a is b for a, b in zip(make(drop=[{"metric": "x"}]).plan(layout), layout.rows, strict=True)
    )


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("eth*", ["b", "c"]),
        ("=eth*", ["c"]),
        ("!=eth0", ["a", "c", "d"]),
        ("=~eth.", ["b", "c"]),
        ("!~eth.", ["a", "d"]),
        ("", ["a"]),
        ("?*", ["b", "c", "d"]),
        (["", "lo"], ["a", "d"]),
    ],
)
def test_patterns(pattern, left):
    """Globs and the comparisons of PromQL; a label that is missing is empty."""
    batch = make_batch(
        [("a", {}, 1), ("b", {"i": "eth0"}, 1), ("c", {"i": "eth*"}, 1), ("d", {"i": "lo"}, 1)]
    )
    (given,) = process(make(keep=[{"labels": {"i": pattern}}]), batch)
    assert names(given) == left


def test_values():
    """Values decide sample by sample, infinities too."""
    processor = make(
        keep=[{"metric": "a"}, {"metric": "b", "value": [">= 1", "< 10"]}],
        drop=[{"metric": "a", "value": "== +Inf"}, {"metric": "b", "value": "== 3"}],
    )
    layout = make_layout(["a", "b", "c"])
    columns = [[math.inf, 1, 1], [-math.inf, 10, 1], [5, 3, 1], [0, -math.inf, 0]]
    given = process(processor, *[make_batch(values, layout=layout) for values in columns])
    assert [dict(zip(names(batch), batch.values, strict=True)) for batch in given] == [
        {"b": 1},
        {"a": -math.inf},
        {"a": 5},
        {"a": 0},
    ]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "no conditions"),
        ({"drop": [{"metric": "=~("}]}, "RE2 syntax"),
        ({"drop": [{"metric": "=~a(?=b)"}]}, "RE2 syntax"),
        ({"drop": [{"value": "3"}]}, "not a comparison"),
        ({"drop": [{"value": "> NaN"}]}, "not a comparison"),
    ],
)
def test_bad_settings(settings, words):
    """What cannot be meant is refused with the reason."""
    with pytest.raises(ValidationError, match=words):
        FilterConfig.model_validate(settings)


@pytest.mark.parametrize(
    "pattern", ["*a*a*a*a*a*a*a*a*a*b", "=~(a+a+)+b", "=~(a|aa)*b", "!~(.*a){20}b"]
)
def test_patterns_that_explode(pattern):
    """What takes a backtracking engine for ever takes linear time, in every kind of pattern."""
    processor = make(drop=[{"labels": {"x": pattern}}])
    row = Row("m", {"x": "a" * 20_000})
    kept = row if pattern[0] != "!" else None
    assert processor.plan(Layout(make_origin(), [row])) == [kept]
