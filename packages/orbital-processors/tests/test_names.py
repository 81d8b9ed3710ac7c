"""rename and labels: once for each layout."""

from dataclasses import replace

import pytest
from pydantic import ValidationError

from orbital_processors import (
    Aggregate,
    Delta,
    Increase,
    Labels,
    LabelsConfig,
    Rate,
    Relabel,
    Rename,
    RenameConfig,
)
from orbital_sdk import Layout, Row
from orbital_sdk.testing import make_origin

ORIGIN = make_origin()


def planned(processor, *rows):
    return processor.plan(Layout(ORIGIN, rows))


def test_labels_that_swap():
    """Two labels may take each other's name."""
    processor = Rename(RenameConfig(labels={"a": "b", "b": "a"}))
    (row,) = planned(processor, Row("m", {"a": "1", "b": "2"}))
    assert dict(row.labels) == {"a": "2", "b": "1"}


def test_a_name_taken():
    """The renamed label replaces the one that had its name."""
    (row,) = planned(Rename(RenameConfig(labels={"a": "b"})), Row("m", {"a": "1", "b": "2"}))
    assert dict(row.labels) == {"b": "1"}


@pytest.mark.parametrize(
    ("name", "new"), [("ab", "x_"), ("a1b", "x_1"), ("aab", "x_a"), ("ba", "ba"), ("a", "a")]
)
def test_wild(name, new):
    """The star stands for any text, the empty one too, but what surrounds it does not overlap."""
    (row,) = planned(Rename(RenameConfig(metrics={"a*b": "x_*"})), Row(name, {}))
    assert row.name == new


def test_the_rest_stays():
    """Kind, unit and whose labels win are not renamed, and a series that stays is the same object."""
    before = Row("a_total", {"x": "1"}, "counter", "bytes", honor_labels=True)
    other = Row("b", {})
    row, same = planned(Rename(RenameConfig(metrics={"a_total": "c"})), before, other)
    assert (row.name, row.kind, row.unit, row.honor_labels) == ("c", "counter", "bytes", True)
    assert same is other


def test_templates():
    """Values see the labels as they were; what is not there is empty, and an empty label is none."""
    config = LabelsConfig.model_validate(
        {
            "set": {"a": "{b}", "b": "{a}", "c": "{nothing}", "d": "{1}{"},
            "default": {"e": "{a}"},
            "drop": "z*",
        }
    )
    (row,) = planned(Labels(config), Row("m", {"a": "1", "b": "2", "z": "3"}))
    assert dict(row.labels) == {"a": "2", "b": "1", "d": "{1}{", "e": "1"}


def test_origin():
    """Everything known of the origin can be written."""
    names = [
        "device.id", "device.target", "task.id", "task.plugin", "sentinel.id", "sentinel.name",
        "sentinel.region",
    ]  # fmt: skip
    config = LabelsConfig(set={name.replace(".", "_"): f"{{{name}}}" for name in names})
    (row,) = planned(Labels(config), Row("m", {}))
    assert dict(row.labels) == {
        "device_id": "device-1",
        "device_target": "device.example:1",
        "task_id": "task-1",
        "task_plugin": "test",
        "sentinel_id": "sentinel-1",
        "sentinel_name": "test-sentinel",
        "sentinel_region": "test-region",
    }


def test_fields_of_the_device():
    """Those that it has; one that it lacks is not a label. What is known of any device is not a field."""
    config = LabelsConfig(set={"host": "{device.host}", "x": "{device.x}", "id": "{device.id}"})
    layout = Layout(replace(make_origin(), fields={"host": "h1", "id": "7"}), [Row("m", {})])
    (row,) = Labels(config).plan(layout)
    assert dict(row.labels) == {"host": "h1", "id": "device-1"}
    assert Labels.device_fields(config) == ["host", "x"]


SELECTED = [
    {"metric": ["a", "b*", "=c"]},
    {"metric": ["=~d.*", "!=e"]},
    {"metric": "f", "labels": {"x": "y"}},
]


@pytest.mark.parametrize(
    ("cls", "settings", "names"),
    [
        (Rename, {"metrics": {"a": "x", "b_*": "y_*", "c_*": "z"}}, {"x", "z"}),
        (Rename, {"metrics": {"a": "x"}, "match": [{"labels": {"b": "c"}}]}, set()),
        (Rate, {}, {"*:rate"}),
        (Increase, {"match": SELECTED}, {"a:increase", "b*:increase", "c:increase"}),
        (Delta, {"match": [{"metric": "a"}], "suffix": "_d"}, {"a_d"}),
        (
            Aggregate,
            {"match": [*SELECTED[2:], {"metric": "a"}], "interval": "1m", "by": ["s"],
             "functions": ["sum"], "quantiles": [0, 1]},
            {"a:1m_by_s_sum", "a:1m_by_s_quantiles"},
        ),
        (
            Relabel,
            {"rules": [
                {"target_label": "__name__", "replacement": "x"},
                {"target_label": "__name__", "replacement": "$1"},
                {"target_label": "a", "replacement": "y"},
            ]},
            {"x"},
        ),
        (Labels, {"set": {"a": "b"}}, set()),
    ],
)  # fmt: skip
def test_what_each_makes(cls, settings, names):
    """The names that its settings tell, as globs; none where a series' labels decide."""
    assert set(cls.makes(cls.config_model.model_validate(settings))) == names


@pytest.mark.parametrize(
    ("model", "settings", "words"),
    [
        (RenameConfig, {}, "nothing is renamed"),
        (RenameConfig, {"metrics": {"a": "1"}}, "not a metric name"),
        (RenameConfig, {"metrics": {"a": "b*"}}, "ambiguous"),
        (RenameConfig, {"metrics": {"a**": "b*"}}, "ambiguous"),
        (RenameConfig, {"labels": {"a": "b-c"}}, "not a label name"),
        (RenameConfig, {"labels": {"a": "c", "b": "c"}}, "two labels become 'c'"),
        (LabelsConfig, {}, "no label is changed"),
        (LabelsConfig, {"set": {"1": "x"}}, "not a label name"),
        (LabelsConfig, {"set": {"a": "x"}, "default": {"a": "y"}}, "in set and in default"),
        (LabelsConfig, {"set": {"a": "{task.name}"}}, "did you mean"),
    ],
)
def test_bad_settings(model, settings, words):
    """What cannot be meant is refused with the reason."""
    with pytest.raises(ValidationError, match=words):
        model.model_validate(settings)
