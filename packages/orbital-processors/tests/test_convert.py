"""convert and map: values and texts."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from orbital_processors import Convert, ConvertConfig, Map, MapConfig
from orbital_processors.converting.unit_table import UNITS, conversion
from orbital_sdk import Layout, Plan, Row
from orbital_sdk.testing import make_batch, make_layout, make_origin, process


def make(*rules):
    return Convert(ConvertConfig.model_validate({"rules": rules}))


def converted(rule, *values, unit=""):
    """Values of one series, in a layout with others that stay."""
    rows = [Row("other", {}), Row("x", {}, unit=unit), Row("another", {})]
    layout = Layout(make_origin(), rows)
    batches = [make_batch([1.5, value, 2.5], layout=layout) for value in values]
    given_batches = process(make({"metric": "x", **rule}), *batches)
    assert all([*batch.values][::2] == [1.5, 2.5] for batch in given_batches)
    return [batch.values[1] for batch in given_batches]


@pytest.mark.parametrize(
    ("rule", "unit", "value", "new"),
    [
        ({"unit": "celsius"}, "fahrenheit", 212, 100),
        ({"unit": "celsius", "from_unit": "fahrenheit"}, "", 32, 0),
        ({"unit": "kelvin"}, "celsius", -273.15, 0),
        ({"unit": "bytes"}, "megabits", 8, 1e6),
        ({"unit": "seconds"}, "centiseconds", 150, 1.5),
        ({"unit": "ratio"}, "percent", 55, 0.55),
        ({"unit": "celsius"}, "bytes", 7, 7),
        ({"unit": "celsius"}, "", 7, 7),
        ({"scale": 2, "offset": 1}, "", 3, 7),
        ({"scale": -1}, "", math.inf, -math.inf),
        ({"min": 0, "max": 100}, "", -3, 0),
        ({"min": 0, "max": 100}, "", 103, 100),
        ({"round": 1}, "", 2.25, 2.2),
        ({"round": -2}, "", 1250, 1200),
        ({"round": 1}, "", -math.inf, -math.inf),
        ({"values": {1: 1, 2: 0}}, "", 2, 0),
        ({"values": {1: 1, 2: 0}}, "", 3, 3),
        ({"values": {2: 50}, "scale": 2, "max": 90, "round": 0}, "", 2, 90),
    ],
)
def test_values(rule, unit, value, new):
    """Codes, unit, scale and offset, limits, rounding: in this order."""
    assert converted(rule, value, unit=unit) == [new]


def test_unit_of_the_row():
    """A series that is converted has the new unit, any other its own."""
    layout = Layout(make_origin(), [Row("a", {}, unit="percent"), Row("b", {}, unit="bytes")])
    plan = make({"unit": "ratio"}).plan(layout)
    assert [row.unit for row in plan.rows] == ["ratio", "bytes"]
    assert plan.rows[1] is layout.rows[1]


def test_rules_in_their_order():
    """All rules that match are applied, and see what those before made."""
    layout = Layout(make_origin(), [Row("x", {}, unit="percent")])
    processor = make({"unit": "ratio"}, {"unit": "permille"}, {"metric": "x", "offset": 1})
    (batch,) = process(processor, make_batch([50.0], layout=layout))
    assert [*batch.values] == [501]
    assert batch.layout.rows[0].unit == "permille"


def test_codes():
    """A text becomes the number, without its label; one that is not known is dropped."""
    rows = [
        Row("ups_info", {"state": state, "n": state}) for state in ("online", "offline", "x", "")
    ]
    processor = make(
        {"metric": "ups_*", "codes": {"label": "state", "numbers": {"online": 1, "offline": 0}}}
    )
    (batch,) = process(processor, make_batch([1.0] * 4, layout=Layout(make_origin(), rows)))
    assert [(dict(row.labels), value) for row, _, value in batch.items()] == [
        ({"n": "online"}, 1),
        ({"n": "offline"}, 0),
    ]


def test_nothing_to_convert():
    """A layout without such series has no step."""
    plan = make({"metric": "x", "scale": 2}).plan(make_layout(3))
    assert not isinstance(plan, Plan)


@given(st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(UNITS)), st.floats(-1e12, 1e12))
def test_there_and_back(one, other, value):
    """A unit and back is the same value, but for rounding; units of different things do not convert."""
    there, back = conversion(one, other), conversion(other, one)
    if UNITS[one].quantity != UNITS[other].quantity:
        assert there is None
        return
    converted_value = (value - there.before) * there.factor + there.after
    again = (converted_value - back.before) * back.factor + back.after
    assert again == pytest.approx(value, rel=1e-9, abs=1e-6)


def test_map():
    """Texts of the table, or the default; series without the label stay the same objects."""
    rows = [Row("m", {"s": text}) for text in ("1", "2", "9", "")]
    layout = Layout(make_origin(), rows)
    table = {"1": "up", "2": "down"}
    new = Map(MapConfig(label="s", to="state", table=table, default="other")).plan(layout)
    assert [dict(row.labels).get("state") for row in new] == ["up", "down", "other", None]
    assert new[3] is rows[3]
    same = Map(MapConfig(label="s", table=table)).plan(layout)
    assert [dict(row.labels).get("s") for row in same] == ["up", "down", "9", None]
    assert same[2] is rows[2]


@pytest.mark.parametrize(
    ("model", "settings", "words"),
    [
        (ConvertConfig, {"rules": []}, "at least one"),
        (ConvertConfig, {"rules": [{"metric": "x"}]}, "changes nothing"),
        (ConvertConfig, {"rules": [{"unit": "celsiu"}]}, "did you mean celsius"),
        (
            ConvertConfig,
            {"rules": [{"unit": "celsius", "from_unit": "bytes"}]},
            "cannot be converted",
        ),
        (ConvertConfig, {"rules": [{"from_unit": "bytes", "scale": 2}]}, "unit is missing"),
        (ConvertConfig, {"rules": [{"min": 2, "max": 1}]}, "min is above max"),
        (ConvertConfig, {"rules": [{"scale": "inf"}]}, "finite"),
        (ConvertConfig, {"rules": [{"values": {"nan": 1}}]}, "finite"),
        (MapConfig, {"label": "a-b", "table": {"a": "b"}}, "not a label name"),
        (MapConfig, {"label": "a", "table": {}}, "at least 1"),
    ],
)
def test_bad_settings(model, settings, words):
    """What cannot be meant is refused with the reason."""
    with pytest.raises(ValidationError, match=words):
        model.model_validate(settings)
