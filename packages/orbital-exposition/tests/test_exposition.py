"""What a page of the text format becomes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from orbital_exposition import MAX_LINE, Family, MalformedLineError, Reader
from orbital_exposition.family import TYPES


def read(*lines):
    """Name, labels, kind, value and time of each sample."""
    page = Reader(lambda name, labels, family: (name, labels, family.kind(name))).page()
    return [(*found[0], *found[1:]) for line in lines if (found := page.read(line))]


@pytest.mark.parametrize(
    ("line", "sample"),
    [
        ("m 1", ("m", {}, "gauge", 1, None)),
        ("  m\t1.5e3  1700000000000 ", ("m", {}, "gauge", 1500, 1_700_000_000_000)),
        ("m{} -Inf", ("m", {}, "gauge", -math.inf, None)),
        ('m{a="b"}1', ("m", {"a": "b"}, "gauge", 1, None)),
        ('m { a = "b" , c="d", } 1 -5', ("m", {"a": "b", "c": "d"}, "gauge", 1, -5)),
        ('m{a="} # {x} 1"} 2', ("m", {"a": "} # {x} 1"}, "gauge", 2, None)),
        (r'm{a="\\ \n \" \x"} 1', ("m", {"a": '\\ \n " \\x'}, "gauge", 1, None)),
        ('{"my.metric",a="b","my.label"="c"} 1',
         ("my.metric", {"a": "b", "my.label": "c"}, "gauge", 1, None)),
        ('{__name__="m",a=""} 1', ("m", {"a": ""}, "gauge", 1, None)),
    ],
)  # fmt: skip
def test_a_line(line, sample):
    """Spaces where the format allows them, escapes, quoted names, times."""
    assert read(line) == [sample]


@pytest.mark.parametrize(
    "line",
    ["m", "m one", "m 1_000", "m 1 2 3", "m 1 nan", "m 1 1e400", "m \u0661", "2m 1", "m-n 1", "m} 1",
     "{} 1", "{", "m{", 'm{a="b', 'm{a="b"', "m{a=b} 1", "m{a} 1", 'm{"n"} 1', 'm{__name__="n"} 1',
     'm{a="b" c="d"} 1', 'm{a="b",,c="d"} 1', 'm{a="b",a="c"} 1', 'm{__a="b"} 1', 'm{"a"="b"x} 1',
     '{"a","b"} 1', '{""} 1', "# TYPE", "# TYPE m", "# TYPE m thing", "# HELP", "# HELP 2m x",
     "m 1" + " " * MAX_LINE],
)  # fmt: skip
def test_a_malformed_line_costs_itself_alone(line):
    """Whatever is wrong with it is told, and the same page goes on."""
    page = Reader(lambda name, labels, family: name).page()
    assert page.read("a 1") == ("a", 1, None)
    for _ in range(2):
        with pytest.raises(MalformedLineError, match=r"..."):
            page.read(line)
    assert page.read("a 2") == ("a", 2, None)


@pytest.mark.parametrize(
    "line", ["", " \t", "#", "# nothing", "#TYPE m thing", "# HELPFUL m", "# EOF"]
)
def test_what_says_nothing(line):
    """Empty lines and comments are not samples, and no mistakes."""
    assert read(line) == []


def test_types():
    """Counters, histograms and what counts of a summary are counters, whatever they are called."""
    lines = [
        "# HELP hits Served.", "# TYPE hits counter", "hits 1",
        "# TYPE t histogram", 't_bucket{le="1"} 1', "t_sum 1", "t_count 1",
        "# TYPE s summary", 's{quantile="0.5"} 1', "s_sum 1", "s_count 1",
        "# TYPE g gauge", "g 1",
    ]  # fmt: skip
    kinds = {name: kind for name, _, kind, *_ in read(*lines)}
    assert kinds == {
        "hits": "counter", "t_bucket": "counter", "t_sum": "counter", "t_count": "counter",
        "s": "gauge", "s_sum": "counter", "s_count": "counter", "g": "gauge",
    }  # fmt: skip


def test_another_name_ends_a_family():
    """Until its next `# TYPE`: what stands between may be anything."""
    families = []
    page = Reader(lambda name, labels, family: families.append(family)).page()
    for line in (r"# HELP a A \\ of\nlines \"", "# TYPE a counter", "a 1", "b 1", 'a{x=""} 1'):
        page.read(line)
    assert families == [Family("a", "counter", 'A \\ of\nlines \\"'), Family(), Family()]


def test_a_series_is_asked_for_once():
    """On later pages as well, under the same family; after an error it is asked for again."""
    asked = []

    def find(name, labels, family):
        asked.append((name, family.type))
        if name == "bad":
            raise LookupError
        return object()

    reader = Reader(find)
    first, second = reader.page(), reader.page()
    assert first.read("a 1")[0] is second.read("a 2")[0]
    first.read("# TYPE a counter")
    assert first.read("a 1")[0] is not second.read("a 2")[0]
    for _ in range(2):
        with pytest.raises(LookupError):
            first.read("bad 1")
    assert asked == [("a", "untyped"), ("a", "counter"), ("bad", "untyped"), ("bad", "untyped")]


def test_what_is_remembered_is_bounded(monkeypatch):
    """Labels and families that never come again are forgotten, also in the middle of a page."""
    monkeypatch.setattr("orbital_exposition.reader.REMEMBERED", 10)
    reader = Reader(lambda name, labels, family: name)
    page = reader.page()
    for number in range(100):
        page.read(f"# HELP m {number}")
        page.read(f'm{{n="{number}"}} 1')
    assert sum(map(len, reader._known.values())) <= 10
    assert len(reader._known) <= 10


NAMES = st.sampled_from(["a", "a_b:c", "a_sum", "a_count", "a_bucket"])
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=10)
NUMBERS = st.floats() | st.integers(-(2**60), 2**60)


def escaped(text):
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


@st.composite
def lines(draw):
    """Of a valid page."""
    name = draw(NAMES)
    kind = draw(st.sampled_from(["comment", "sample", "sample", "sample"]))
    if kind == "comment":
        return draw(
            st.sampled_from([f"# TYPE {name} {kind}" for kind in sorted(TYPES - {"counter"})])
        )
    labels = draw(st.dictionaries(st.sampled_from(["x", "y_1"]), TEXTS, max_size=2))
    inside = ",".join(f'{key}="{escaped(value)}"' for key, value in labels.items())
    time = draw(st.sampled_from(["", " 0", " 1700000000123"]))
    return f"{name}{{{inside}}} {draw(NUMBERS)}{time}"


@given(st.lists(lines(), max_size=12))
def test_the_same_as_prometheus_client(page):
    """Names, labels, values, times and types of any valid page; but for counters, which it renames."""

    def shown(samples):
        return [(name, labels, repr(float(value)), time) for name, labels, value, time in samples]

    theirs = [
        (sample.name, sample.labels, sample.value,
         None if sample.timestamp is None else round(sample.timestamp * 1000))
        for family in text_string_to_metric_families("\n".join(page))
        for sample in family.samples
    ]  # fmt: skip
    ours = [(name, labels, value, time) for name, labels, _, value, time in read(*page)]
    assert shown(ours) == shown(theirs)


@given(st.lists(st.text(max_size=60) | st.text('a_1{}="\\ ,#TYPEHL', max_size=60), max_size=5))
def test_any_text_is_read_or_malformed(texts):
    """Nothing else is raised."""
    page = Reader(lambda name, labels, family: name).page()
    for text in texts:
        try:
            found = page.read(text)
        except MalformedLineError:
            continue
        assert found is None or isinstance(found[1], float)
