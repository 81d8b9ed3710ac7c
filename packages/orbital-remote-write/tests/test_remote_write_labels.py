"""Names and labels on the wire: always valid, always sorted, never twice, and nobody disappears."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital_remote_write import LabelRules
from orbital_remote_write.labels import label_name, metric_name, own_labels, render
from orbital_sdk import Identity, Origin, Row

ORIGIN = Origin(
    "t-1",
    "ping",
    "sw1",
    "10.0.0.1:161",
    Identity("id-1", "edge", "eu", {"site": "lab", "a-b": "c"}),
)
TEXT = st.text(max_size=8)


def rendered(name: str, labels: dict[str, str], rules: LabelRules | None = None) -> dict[str, str]:
    rules = rules or LabelRules(origin=())
    return dict(render(Row(name, labels), rules.target(ORIGIN), rules.added(ORIGIN)))


@pytest.mark.parametrize(
    ("given_name", "valid"),
    [
        ("up", "up"),
        ("a:b", "a:b"),
        ("cpu.load-1", "cpu_load_1"),
        ("1st", "_1st"),
        ("", "_"),
        ("größe", "gr__e"),
    ],
)
def test_metric_names_become_valid(given_name, valid):
    """Every character that Prometheus refuses becomes `_`; a digit in front gets one."""
    assert metric_name(given_name) == valid


@pytest.mark.parametrize(
    ("given_name", "valid"),
    [
        ("host", "host"),
        ("a:b", "a_b"),
        ("a.b", "a_b"),
        ("1st", "_1st"),
        ("", "_"),
        ("__name__", "_name__"),
    ],
)
def test_label_names_become_valid_and_never_reserved(given_name, valid):
    """Labels have no colon, and names that begin with two underscores belong to Prometheus."""
    assert label_name(given_name) == valid


def test_names_that_become_one_are_told_apart():
    """The valid name keeps its place and the others get a number, so that no label is lost."""
    labels = (("a-b", "1"), ("a.b", "2"), ("a_b", "3"))
    assert own_labels(labels) == {"a_b": "3", "a_b_2": "1", "a_b_3": "2"}


def test_job_and_instance_win_and_a_samples_own_are_exported():
    """As Prometheus does when it scrapes: the target's labels win, the sample's are renamed, not lost."""
    assert rendered("up", {"job": "mine", "instance": "x"}) == {
        "__name__": "up",
        "job": "ping",
        "instance": "10.0.0.1:161",
        "exported_job": "mine",
        "exported_instance": "x",
    }


def test_labels_of_somebody_elses_samples_are_honoured():
    """What was pushed keeps its `job` and `instance`, and gets none where it has none."""
    target, added = {"job": "push", "instance": "10.0.0.1:9412"}, {"task": "t", "region": "eu"}
    own = {"job": "node", "instance": "web1:9100", "region": "us"}
    pushed = Row("up", own, honor_labels=True)
    assert dict(render(pushed, target, added)) == {"__name__": "up", "task": "t", **own}
    bare = render(Row("rule:sum", {}, honor_labels=True), target, added)
    assert dict(bare) == {"__name__": "rule:sum", "task": "t", "region": "eu"}


def test_instance_is_the_device_where_no_target_is_known():
    """`instance` is never missing."""
    origin = Origin("t", "ping", "sw1", "", Identity("id-1", ""))
    assert LabelRules().target(origin) == {"job": "ping", "instance": "sw1"}
    assert LabelRules().added(origin) == {"sentinel": "id-1", "region": "", "task": "t"}


def test_winner_is_the_sample_then_the_user_then_the_sentinel():
    """External labels fill gaps: a sample's own label stays, a user's label beats the sentinel's."""
    rules = LabelRules("lab", (("region", "mine"), ("zone", "z")))
    assert rendered("up", {"zone": "own", "device_id": "sw1"}, rules) == {
        "__name__": "up",
        "a_b": "c",
        "device_id": "sw1",
        "instance": "10.0.0.1:161",
        "job": "lab",
        "region": "mine",
        "sentinel": "edge",
        "site": "lab",
        "task": "t-1",
        "zone": "own",
    }


def test_origin_labels_can_be_chosen():
    """Only what the user wants is said about where a sample comes from."""
    rules = LabelRules(origin=("sentinel_id",))
    assert rendered("up", {}, rules).keys() - {"__name__", "job", "instance"} == {"sentinel_id"}


def test_empty_values_are_no_labels():
    """An empty value is an absent label in Prometheus' model, whoever set it."""
    rules = LabelRules(external=(("zone", ""),), origin=("region",))
    origin = Origin("t", "ping", "sw1", "x", Identity("s", "s", region=""))
    row = Row("up", {"a": ""})
    assert render(row, rules.target(origin), rules.added(origin)) == (
        ("__name__", "up"),
        ("instance", "x"),
        ("job", "ping"),
    )


@given(name=TEXT, labels=st.dictionaries(TEXT, TEXT, max_size=6), external=st.dictionaries(
    st.sampled_from(["zone", "a_b", "x"]), TEXT, max_size=3))  # fmt: skip
def test_b25_labels_are_always_sorted_valid_and_single(name, labels, external):
    """Defect B-25 (remote write: unsorted labels, no sanitising): whatever a device or a person calls
    things, the wire has valid names in order, each once, no empty value, and every label's value.
    """
    pairs = render(
        Row(name, labels),
        LabelRules().target(ORIGIN),
        LabelRules(external=tuple(external.items())).added(ORIGIN),
    )
    names = [pair[0] for pair in pairs]
    assert names == sorted(names, key=str.encode)
    assert len(set(names)) == len(names)
    assert all(value for _, value in pairs)
    assert re.fullmatch(r"[a-zA-Z_:][a-zA-Z0-9_:]*", dict(pairs)["__name__"])
    assert all(re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", n) for n in names)
    assert [n for n in names if n.startswith("__")] == ["__name__"]
    values = [value for _, value in pairs]
    for value in labels.values():
        assert not value or values.count(value) >= 1
