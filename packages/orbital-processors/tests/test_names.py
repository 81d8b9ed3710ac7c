"""rename and labels: once for each layout."""

import pytest
from pydantic import ValidationError

from orbital_processors import Labels, LabelsConfig, Rename, RenameConfig
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
        (LabelsConfig, {"set": {"a": "{device.name}"}}, "did you mean"),
    ],
)
def test_bad_settings(model, settings, words):
    """What cannot be meant is refused with the reason."""
    with pytest.raises(ValidationError, match=words):
        model.model_validate(settings)
