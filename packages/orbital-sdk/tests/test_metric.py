"""Metrics, series and samples."""

import gc
import sys
import threading
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital_sdk import Columns, Metric, Sample, Series
from orbital_sdk.metric import LEAST

TEXT = st.text(max_size=20)


@pytest.fixture
def octets():
    return Metric("if_in_octets_total", "Bytes in", kind="counter", labels=("index", "name"))


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m(7, "3", "eth0"),
        lambda m: m(7, "3", name="eth0"),
        lambda m: m(7, index="3", name="eth0"),
        lambda m: m(7, name="eth0", index="3"),
        lambda m: m.series("3", "eth0")(7),
        lambda m: m.series(name="eth0", index="3")(7),
        lambda m: Sample(m.series("3", "eth0"), 7),
    ],
)
def test_every_way_of_naming_labels_gives_the_same_series(octets, call):
    """By position, by name in any order, mixed, or by a held handle: one and the same series."""
    sample = call(octets)
    assert sample.series is octets.series("3", "eth0")
    assert (sample.value, sample.ts) == (7, None)
    assert sample.series.values == ("3", "eth0")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m: m(1), "has labels"),
        (lambda m: m(1, "3"), "has labels"),
        (lambda m: m(1, "3", "eth0", "more"), "has labels"),
        (lambda m: m(1, "3", nam="eth0"), "look at nam, name"),
        (lambda m: m(1, "3", "eth0", name="eth0"), "look at name"),
        (lambda m: m(1, index="3"), "look at name"),
        (lambda m: m(1, index="3", name="e", extra="x"), "look at extra"),
        (lambda m: m.series(index="3"), "look at name"),
    ],
)
def test_a_wrong_set_of_labels_is_refused_by_name(octets, call, words):
    """A missing, unknown or doubly given label is a TypeError that says which one to look at."""
    with pytest.raises(TypeError, match=words):
        call(octets)


@pytest.mark.parametrize("value", [1, 1.0, True, None, b"1", ["1"]])
def test_label_values_are_text_only(value):
    """1, 1.0 and True are one dictionary key, so none of them may ever name a series."""
    metric = Metric("m", labels=("a",))
    assert metric(0, "1").series.values == ("1",)
    with pytest.raises(TypeError):
        metric(0, value)
    with pytest.raises(TypeError):
        metric(0, a=value)
    assert metric(0, "1").series.values == ("1",)


def test_an_enum_member_becomes_its_text():
    """A StrEnum member is text, and stands in the series as plain text."""

    class State(StrEnum):
        UP = "up"

    metric = Metric("m", labels=("state",))
    series = metric(1, State.UP).series
    assert type(series.values[0]) is str
    assert series is metric.series("up")


def test_text_that_utf8_cannot_carry_is_refused_with_advice():
    """A lone surrogate would break every destination's encoder later; it is refused where it enters."""
    with pytest.raises(TypeError, match="errors='replace'"):
        Metric("m", labels=("a",))(1, b"caf\xe9".decode(errors="surrogateescape"))


@given(st.lists(st.tuples(TEXT, TEXT), max_size=50))
def test_series_are_told_apart_by_their_label_values(pairs):
    """Any text is a label value, empty and non-ASCII included; equal values are one series, others not."""
    metric = Metric("m", labels=("a", "b"))
    series = {pair: metric.series(*pair) for pair in pairs}
    assert all(series[pair].values == pair for pair in pairs)
    assert all(metric(0, a=a, b=b).series is series[a, b] for a, b in pairs)
    assert len(set(map(id, series.values()))) == len(set(pairs))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": ""}, "not a metric name"),
        ({"name": "9lives"}, "not a metric name"),
        ({"name": "with space"}, "not a metric name"),
        ({"name": "größe"}, "not a metric name"),
        ({"name": "line\n"}, "not a metric name"),
        ({"name": "m", "labels": ("a:b",)}, "not a label name"),
        ({"name": "m", "labels": ("",)}, "not a label name"),
        ({"name": "m", "labels": ("a", "b", "a")}, "appears twice"),
        ({"name": "m", "labels": ("device_id",)}, "leave it out"),
        ({"name": "m", "labels": ("__name__",)}, "leave it out"),
        ({"name": "m", "labels": "host"}, r"write \('host',\)"),
        ({"name": "m", "kind": "summary"}, "use gauge or counter"),
    ],
)
def test_a_declaration_that_no_destination_would_take_fails_at_import(arguments, words):
    """Bad names, reserved and doubled labels, an unknown kind: refused when declared, not when sent."""
    with pytest.raises(ValueError, match=words):
        Metric(**arguments)


def test_series_that_ended_are_forgotten():
    """Endless new label values: what nobody holds any more is gone after as many new ones as live."""
    metric = Metric("m", labels=("a",))
    living = [metric.series(f"living {number}") for number in range(3 * LEAST)]
    for number in range(30 * LEAST):
        metric(0, str(number))
        assert len(metric._known) + len(metric._held) <= 3 * len(living)
    assert sum(isinstance(one, Series) and one.metric is metric for one in gc.get_objects()) <= (
        3 * len(living)
    )


def test_a_series_that_somebody_holds_stays_the_same():
    """What is read again and again stays one object: layouts keep hitting, whatever else comes and goes."""
    metric = Metric("m", labels=("a",))
    kept = {str(number): metric.series(str(number)) for number in range(5 * LEAST)}
    for number in range(20 * LEAST):
        metric(0, f"other {number}")
        if number % (LEAST // 2) == 0:
            assert all(metric(0, name).series is series for name, series in kept.items())


def test_a_series_that_nobody_holds_is_made_again():
    """A series that was forgotten and comes back is another object with the same meaning."""
    metric = Metric("m", labels=("a",))
    first = id(metric.series("x")), metric.series("x").values
    for number in range(2 * LEAST):
        metric(0, str(number))
    assert ("x",) not in metric._known
    assert metric.series("x").values == first[1]


@pytest.fixture
def hasty():
    """Threads switch as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_threads_may_race_for_the_same_series(hasty):
    """Blocking plugins make samples on pool threads: all get right series, also while a generation ends."""
    metric = Metric("m", labels=("who", "n"))
    start = threading.Barrier(6)
    wrong: list[object] = []

    def work(who: int) -> None:
        start.wait()
        for n in range(20 * LEAST):
            own, shared = metric(n, str(who), str(n)), metric(n, "all", str(n % 100))
            if own.series.values != (str(who), str(n)) or shared.series.values[0] != "all":
                wrong.append((own, shared))

    threads = [threading.Thread(target=work, args=(who,)) for who in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(metric._known) <= 2 * LEAST + 6


def test_samples_are_frozen_and_cost_the_garbage_collector_nothing(octets):
    """A sample cannot change behind the engine's back, and millions of them are never walked."""
    sample = octets(1, "3", "eth0")
    assert not gc.is_tracked(sample)
    assert not gc.is_tracked(Columns((sample.series,), [1.0]))
    with pytest.raises(AttributeError):
        sample.value = 2


def test_a_metric_and_its_series_are_freed_together():
    """Metric and series point at each other; no untracked sample keeps that circle alive."""

    def metrics() -> int:
        made = [one for one in gc.get_objects() if type(one) is Metric]
        return sum(
            getattr(one, "name", "") == "short_lived" for one in made
        )  # refused ones have no name

    metric = Metric("short_lived", labels=("a",))
    samples = [metric(1, "x"), metric.series("y")(2)]
    assert metrics() == 1
    del metric, samples
    gc.collect()
    assert metrics() == 0


def test_what_people_see(octets):
    """Series read like the exposition format, so that messages can name them."""
    assert repr(octets.series("3", 'e"h')) == "if_in_octets_total{index='3', name='e\"h'}"
    assert "if_in_octets_total" in repr(octets)
