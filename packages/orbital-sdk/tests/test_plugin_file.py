"""A plugin.yaml is read as it is written."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from orbital_sdk import ConfigurationError, DeviceFields
from orbital_sdk.problems import dotted, undotted
from orbital_sdk.schema.field_list import field_list
from orbital_sdk.schema.field_model import field_model
from orbital_sdk.schema.json_schema import json_schema
from orbital_sdk.schema.plugin_file import FieldEntry, PluginFile, checked

DEFAULTS = {
    "string": st.text(max_size=5), "int": st.integers(-5, 5), "bool": st.booleans(),
    "float": st.floats(-5, 5), "duration": st.just("30s"), "size": st.just("1MiB"),
    "list": st.just([1]), "map": st.just({"a": 1}), "password": st.none(),
}  # fmt: skip


@st.composite
def entries(draw):
    """A field as a file has it."""
    kind = draw(st.sampled_from(sorted(DEFAULTS)))
    entry = {
        "name": draw(
            st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(
                lambda n: not n.startswith("model_")
            )
        ),
        "type": kind,
        "required": draw(st.booleans()),
        "description": draw(st.from_regex(r"[A-Z][a-z]{1,8}", fullmatch=True)),
    }
    if not entry["required"] and (default := draw(DEFAULTS[kind] | st.none())) is not None:
        entry["default"] = default
    if kind in ("int", "float") and draw(st.booleans()):
        entry |= {"min": -5, "max": 5}
    return entry


@settings(max_examples=50, deadline=None)
@given(st.lists(entries(), max_size=6, unique_by=lambda entry: entry["name"]))
def test_a_field_list_comes_back(fields):
    """Reading is the inverse of rendering."""
    model = field_model(
        "Device",
        [FieldEntry.model_validate(one) for one in fields],
        DeviceFields,
        at="device_fields",
    )
    shown = field_list(json_schema(model))
    for entry in shown:  # a duration and a size have an example of their own
        entry.pop("placeholder", None)
        if entry.get("items") == "any":
            del entry["items"]
    assert shown == fields


def model_of(*fields, base=DeviceFields, **options):
    file = checked(PluginFile, {"meta": {"name": "x"}, "device_fields": list(fields)})
    return field_model("Device", file.device_fields, base, at="device_fields", **options)


def test_checks_hold():
    """Required, bounds, lengths, choices, expressions; numbers are taken as text, passwords as secrets."""
    model = model_of(
        {"name": "host", "required": True, "validation": "^[a-z]+$"},
        {"name": "unit", "type": "int", "min": 1, "max": 9},
        {"name": "mode", "choices": ["a", "b"]},
        {"name": "key", "type": "password", "min_length": 4},
        {"name": "rows", "type": "list", "items": "int"},
        {"name": "rooms", "type": "list", "fields": [{"name": "floor", "type": "int"}]},
        {"name": "schema", "type": "string", "default": 7},
    )
    made = model.model_validate({"host": "abc", "key": "s3cret", "rooms": [{"floor": 1}]})
    assert (made.key, made.rooms[0].floor) == (SecretStr("s3cret"), 1)
    assert "s3cret" not in repr(made)
    assert vars(made)["schema"] in (7, "7")
    for wrong in (
        {}, {"host": "ABC"}, {"host": "a", "unit": 0}, {"host": "a", "mode": "c"},
        {"host": "a", "key": "abc"}, {"host": "a", "rows": ["x"]}, {"host": "a", "more": 1},
    ):  # fmt: skip
        with pytest.raises(ValidationError):
            model.model_validate(wrong)


class Base(DeviceFields):
    token: SecretStr | None = None
    """Ours."""


def test_a_field_of_the_base_keeps_its_type():
    """Also where the file calls it something else; others are refused where only known ones may stand."""
    model = model_of({"name": "token", "type": "string", "required": True}, base=Base)
    assert model.model_validate({"token": "abcd"}).token == SecretStr("abcd")
    assert model.model_fields["token"].description == "Ours."
    with pytest.raises(ConfigurationError, match="did you mean token") as error:
        model_of({"name": "tokn"}, base=Base, known_only=True)
    assert error.value.field == "device_fields[0].name"


@pytest.mark.parametrize(
    ("field", "place"),
    [
        ({"name": "a", "type": "int", "default": "x"}, "device_fields[0].default"),
        ({"name": "model_config"}, "device_fields[0].name"),
        ({"name": "a", "fields": [{"name": "b", "type": "bool", "default": 7}]},
         "device_fields[0].fields[0].default"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_field(field, place):
    """Its place is named."""
    with pytest.raises(ConfigurationError) as error:
        model_of(field)
    assert error.value.field == place


def test_the_words_of_a_file():
    """All problems at once; versions may be numbers; further keys of `meta` are metadata."""
    file = checked(PluginFile, {"meta": {"name": "x", "version": 1.5, "protocols": ["ssh"]}})
    assert file.meta.version == "1.5"
    assert file.metadata == {"author": "", "device_types": [], "protocols": ["ssh"]}
    with pytest.raises(ConfigurationError) as error:
        checked(PluginFile, {"meta": {"name": "-x"}, "metrics": [{"name": "a-b"}], "more": 1})
    assert [problem.key for problem in error.value.problems] == [
        "meta.name",
        "metrics[0].name",
        "more",
    ]


def test_keys():
    """Dotted keys lead back to their way."""
    way = ("metrics", 2, "labels", 0)
    assert undotted(dotted(way)) == way
