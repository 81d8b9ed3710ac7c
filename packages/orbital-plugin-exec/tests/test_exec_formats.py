"""What each format becomes, and what is left out."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital_plugin_exec.formats.choose import new_format
from orbital_plugin_exec.formats.families import Families
from orbital_plugin_exec.formats.reading import Reading
from orbital_plugin_exec.lines import Lines


def read(name, *lines):
    """What these lines give."""
    reading = Reading()
    new_format(name, Families()).read(lines, reading)
    return reading


def values(reading):
    return {repr(s.series): s.value for s in reading.samples}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("m value=1", {"m{}": 1}),
        ("m,a=b x=1i,y=2u,z=-.5e1", {"m_x{a='b'}": 1, "m_y{a='b'}": 2, "m_z{a='b'}": -5}),
        ("m x=t,y=FALSE", {"m_x{}": 1, "m_y{}": 0}),
        (r"m\ 1,a\,b=c\=d x\ y=1", {"m_1_x_y{a_b='c=d'}": 1}),
        ('m a="x,y=1 z\\"",b=2', {"m_b{}": 2}),
        ("m.cpu-0 v=1", {"m_cpu_0_v{}": 1}),
        ("m,device_id=7,__x=1 v=1", {"m_v{exported_x='1', exported_device_id='7'}": 1}),
        ("m v=1 1700000000000000000", {"m_v{}": 1}),
        ("  m   v=1  ", {"m_v{}": 1}),
        ("# m v=1", {}),
        ("", {}),
    ],
)
def test_line_protocol(line, told):
    """Numbers, booleans, escapes, quotes, comments."""
    reading = read("influx", line)
    assert values(reading) == told
    assert not reading.wrong


@pytest.mark.parametrize(
    "line",
    ["nonsense", "m", "m v", "m v=", "m v=1 12x", "m v=1 1 1", "m,a v=1", "m,=b v=1", ",a=b v=1",
     "m v=1_000", "m v=nan", 'm v="open', "m a=1,,b=2", "m v=1i5"],
)  # fmt: skip
def test_what_is_no_line_protocol(line):
    """It is left out, counted and shown; the next line is read."""
    reading = read("influx", line, "m v=1")
    assert values(reading) == {"m_v{}": 1}
    assert reading.wrong == 1
    assert reading.problem


def test_texts_are_counted_and_no_error():
    """A field that is a text is not a sample."""
    reading = read("influx", 'm a="x",b=1')
    assert dict(reading.refused) == {"text": 1}
    assert not reading.wrong


def test_times_are_milliseconds():
    """Whatever unit the format has."""
    assert read("influx", "m v=1 1700000000123456789").samples[0].ts == 1700000000123
    assert read("json", '{"name": "m", "value": 1, "timestamp": 1.5}').samples[0].ts == 1500
    assert read("json", '{"name": "m", "value": 1, "ts": 15}').samples[0].ts == 15


@given(
    st.dictionaries(
        st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1),
        st.floats(allow_nan=False, allow_infinity=False),
        min_size=1,
        max_size=5,
    ),
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"]), min_size=1),
)
def test_what_is_escaped_comes_back(fields, tag):
    """Any name of a field, any text of a tag, any number."""

    def escaped(text):
        return "".join(f"\\{c}" if c in ",= " else c for c in text)

    fields = {name.replace("\\", "/"): value for name, value in fields.items()}
    tag = tag.replace("\\", "/")
    line = f"m,t={escaped(tag)} " + ",".join(f"{escaped(n)}={v!r}" for n, v in fields.items())
    reading = read("influx", line)
    assert [s.value for s in reading.samples] == list(fields.values())
    assert {s.series.values for s in reading.samples} == {(tag,)}


@given(
    st.lists(st.text(max_size=60), max_size=20),
    st.sampled_from(["influx", "prometheus", "json", "nagios"]),
)
def test_garbage_never_raises(lines, name):
    """Whatever a program prints, it is read or refused."""
    reading = read(name, *[one for line in lines for one in line.split("\n")])
    assert all(not math.isnan(s.value) or name == "prometheus" for s in reading.samples)


def test_text_format():
    """Kinds, labels, histograms and times."""
    reading = read(
        "prometheus",
        "# TYPE jobs gauge", 'jobs{queue="a"} 3', "# TYPE done_total counter", "done_total 1 1500",
    )  # fmt: skip
    assert values(reading) == {"jobs{queue='a'}": 3, "done_total{}": 1}
    assert [(s.series.metric.kind, s.ts) for s in reading.samples] == [
        ("gauge", None), ("counter", 1500),
    ]  # fmt: skip


def test_lines_of_a_page_that_make_no_sense():
    """Each is left out by itself: also the first, the last, and one in the middle of a family."""
    reading = read(
        "prometheus",
        "warning: old kernel", "# TYPE a_total counter", 'a_total{x="1"} 1', "oops oops oops oops",
        'a_total{x="2"} 2', "b 3", "c {", "",
    )  # fmt: skip
    assert values(reading) == {"a_total{x='1'}": 1, "a_total{x='2'}": 2, "b{}": 3}
    assert {s.series.metric.kind for s in reading.samples if s.series.metric.name == "a_total"} == {
        "counter"
    }
    assert reading.refused["malformed"] == 3


def test_a_page_of_garbage_ends():
    """After many such lines the rest is counted, and not read."""
    reading = read("prometheus", *["{"] * 10_000)
    assert not reading.samples
    assert reading.refused["malformed"] == 10_000


def test_json_lines():
    """One value, several fields, lists, booleans, and what is none."""
    reading = read(
        "json",
        '{"name": "a", "value": 1.5, "labels": {"x": 1, "y": true, "z": null}, "type": "counter"}',
        '[{"name": "b", "fields": {"value": 2, "on": true, "text": "x"}, "tags": {"t": "u"}}]',
        '{"name": "c"}', '{"value": 1}', "[1]", "{", "",
    )  # fmt: skip
    assert values(reading) == {
        "a{x='1', y='true', z=''}": 1.5, "b{t='u'}": 2, "b_on{t='u'}": 1,
    }  # fmt: skip
    assert dict(reading.refused) == {"text": 1, "malformed": 3}
    assert reading.samples[0].series.metric.kind == "counter"


@given(st.lists(st.binary(max_size=30), max_size=10), st.integers(1, 40))
def test_lines_are_the_same_however_they_come(pieces, most):
    """Cut anywhere, a text has the same lines; long ones are counted."""
    cut, whole = Lines(most), Lines(most)
    one = [line for piece in pieces for line in cut.feed(piece)]
    one += cut.end()
    two = [*whole.feed(b"".join(pieces))]
    two += whole.end()
    assert one == two
    assert cut.too_long == whole.too_long
