"""relabel: the cases that a comparison with Prometheus does not show (test_relabel_prometheus.py has the
others).
"""

import pytest
from pydantic import ValidationError

from orbital_processors import Relabel, RelabelConfig
from orbital_sdk import Layout, Row
from orbital_sdk.testing import FakeHost, make_origin


def make(*rules):
    return Relabel(RelabelConfig.model_validate({"rules": rules}))


def planned(processor, *rows):
    return processor.plan(Layout(make_origin(), rows))


def test_unchanged():
    """A series that no rule changes is the same object, and a batch costs nothing."""
    row = Row("m", {"a": "1"}, "counter", "bytes")
    assert planned(make({"source_labels": ["a"], "target_label": "a"}), row) == [row]


def test_the_rest_stays():
    """Kind and unit are kept."""
    (row,) = planned(
        make({"target_label": "b", "replacement": "x"}), Row("m", {}, "counter", "bytes")
    )
    assert (row.kind, row.unit, row.labels) == ("counter", "bytes", (("b", "x"),))


async def test_invalid_series():
    """Without a name, or with one that no destination takes, a series is dropped and counted; others stay."""
    processor = make(
        {"source_labels": ["new"], "target_label": "__name__", "regex": "(.+)"},
        {"regex": "bad_(.*)", "action": "labelmap", "replacement": "$1"},
        {"source_labels": ["gone"], "regex": ".+", "target_label": "__name__", "replacement": ""},
    )
    host = FakeHost()
    await processor.start(host)
    rows = [
        Row("m", {"new": "a b"}),
        Row("m", {"bad_": "x"}),
        Row("m", {"gone": "x"}),
        Row("ok", {}),
    ]
    assert planned(processor, *rows) == [None, None, None, rows[-1]]
    assert host.value("invalid_series_total") == 3


def test_text_that_is_none():
    """Half a surrogate pair, which no regex can look at, costs no other series."""
    rows = [Row("m", {"a": "\ud800"}), Row("n", {"a": "x"})]
    processor = make(
        {"source_labels": ["a"], "target_label": "b"},
        {"source_labels": ["a"], "target_label": "c", "modulus": 8, "action": "hashmod"},
    )
    assert [dict(row.labels).get("b", "") for row in planned(processor, *rows)] == ["", "x"]


def test_regex_that_explodes():
    """What takes a backtracking engine for ever is matched in linear time."""
    processor = make({"source_labels": ["a"], "regex": "(x+x+)+y", "action": "drop"})
    assert planned(processor, Row("m", {"a": "x" * 1000})) != [None]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"action": "replace"}, "needs a target_label"),
        ({"action": "nothing"}, "Input should be"),
        ({"target_label": "a-b"}, "not a label name"),
        ({"target_label": "$1-b"}, "cannot make label names"),
        ({"target_label": "a", "regex": "("}, "RE2 syntax"),
        ({"target_label": "a", "regex": r"(a)\1"}, "RE2 syntax"),
        ({"target_label": "a", "regex": "((a{100}){100}){100}"}, "RE2 syntax"),
        ({"target_label": "a", "regex": "a" * 10_001}, "10000 are allowed"),
        ({"target_label": "a", "replacement": "$2"}, "group '2'"),
        ({"target_label": "a", "replacement": "$1x"}, "group '1x'.*write"),
        ({"target_label": "a_$name", "regex": "(?P<nam>x)"}, "group 'name'"),
        ({"action": "hashmod", "target_label": "a"}, "modulus above 0"),
        ({"action": "hashmod", "target_label": "a", "modulus": 1 << 64}, "less than"),
        ({"action": "labelmap", "replacement": "-"}, "cannot make label names"),
        ({"action": "labeldrop", "regex": "a", "source_labels": ["b"]}, "takes no source_labels"),
        ({"action": "keepequal", "target_label": "a", "regex": "b"}, "takes no regex"),
        ({"action": "lowercase", "target_label": "a", "replacement": "b"}, "takes no replacement"),
        ({"action": "drop", "source_label": ["a"]}, "source_label"),
    ],
)
def test_bad_rules(rule, words):
    """What Prometheus refuses is refused, and references to groups that are not there are, too."""
    with pytest.raises(ValidationError, match=words):
        RelabelConfig.model_validate({"rules": [rule]})


def test_numbers_are_texts():
    """YAML's numbers are text here, as they are for Prometheus; actions may be in capitals."""
    processor = make(
        {
            "action": "Replace",
            "target_label": "a",
            "replacement": 5,
            "regex": 7,
            "source_labels": ["b"],
        }
    )
    (row,) = planned(processor, Row("m", {"b": "7"}))
    assert dict(row.labels) == {"a": "5", "b": "7"}
