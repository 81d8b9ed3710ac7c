"""Durations and sizes."""

import math
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError

from orbital_sdk import ByteSize, Duration, PluginConfig
from orbital_sdk.units import format_bytes, format_duration, parse_bytes, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30), ("5m", 300), ("1h30m", 5400), ("500ms", 0.5), ("1.5h", 5400), ("2d", 172800),
        (".5s", 0.5), ("1.s", 1), ("7us", 7e-6), ("7µs", 7e-6), ("7\u03bcs", 7e-6), ("9ns", 9e-9),
        ("1h2m3.5s", 3723.5), ("300", 300), ("2.5", 2.5), (" 5m ", 300), (0, 0), (1.25, 1.25),
        ("0s", 0), ("3ms", 0.003), ("1.1s", 1.1),
    ],
)  # fmt: skip
def test_durations_as_people_write_them(text, seconds):
    """Go's syntax, `d` for days, and plain seconds; exactly the number that the text says."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "value",
    ["", " ", "5 m", "5x", "-5s", "m", "5m!", "1e3", "5m 3s", "٣s", None, True, [], {}, b"5s",
     math.nan, math.inf, -1, -0.5, 10**400, "9" * 400, "9" * 400 + "s", "1" * 5000],
)  # fmt: skip
def test_what_is_no_duration_is_refused_in_a_short_sentence(value):
    """Always a ValueError, never an OverflowError, and never the whole of a huge input."""
    with pytest.raises(ValueError, match=r"duration|digits") as refusal:
        parse_duration(value)
    assert len(str(refusal.value)) < 200


@given(st.floats(min_value=0, max_value=1e15, allow_nan=False))
def test_a_duration_that_is_written_reads_back_as_the_same_number(seconds):
    """Equal settings stay equal through a dump, however odd the number."""
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (90, "1m30s"), (86400, "1d"), (0.5, "500ms"), (0.003, "3ms"), (1.5, "1.5s"),
     (0.0005, "0.0005s"), (3600.25, "3600.25s"), (1234567.5, "1234567.5s")],
)  # fmt: skip
def test_durations_are_written_shortly(seconds, text):
    """Whole seconds by d, h, m and s, whole milliseconds below one second, else a plain number."""
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("text", "size"),
    [("512MiB", 512 << 20), ("64kB", 64000), ("64KB", 64000), ("10 MB", 10**7), ("1.5k", 1500),
     ("7", 7), ("7b", 7), (7, 7), (0, 0), ("2TiB", 2 << 40), ("9007199254740993", 2**53 + 1)],
)  # fmt: skip
def test_sizes_as_people_write_them(text, size):
    """Powers of ten with kB, powers of two with KiB, to the last byte."""
    assert parse_bytes(text) == size


@pytest.mark.parametrize(
    "value",
    ["", "MB", "-1", -1, 1.5, True, None, "5 apples", "1e9", 2**63, "9" * 400, "9" * 400 + "TB"],
)
def test_what_is_no_size_is_refused_in_a_short_sentence(value):
    """Always a ValueError, and never the whole of a huge input."""
    with pytest.raises(ValueError, match=r"size|bytes") as refusal:
        parse_bytes(value)
    assert len(str(refusal.value)) < 200


@given(st.integers(0, 2**40), st.sampled_from(["", "b", "kB", "KiB", "MB", "MiB", "G", "GiB"]))
def test_whole_sizes_are_exact(number, unit):
    """No digit is lost on the way through the parser."""
    factor = parse_bytes(f"1{unit}")
    if number * factor < 2**63:
        assert parse_bytes(f"{number}{unit}") == number * factor


class Settings(PluginConfig):
    timeout: Annotated[Duration, Field(gt=0, le=60)] = 5
    """How long."""
    size: Annotated[ByteSize, Field(ge=1)] = 1024
    """How much."""


def test_models_take_the_texts_and_keep_their_bounds():
    """A field is a number inside, whatever its user wrote, and its bounds are checked on that."""
    settings = Settings.model_validate({"timeout": "500ms", "size": "1KiB"})
    assert (settings.timeout, settings.size) == (0.5, 1024)
    assert type(Settings().timeout) is float
    for wrong in ({"timeout": "2m"}, {"timeout": "0s"}, {"size": "0"}, {"timeout": "soon"}):
        with pytest.raises(ValidationError):
            Settings.model_validate(wrong)


def test_dumped_settings_validate_again():
    """What `config show` prints can be pasted into a file."""
    settings = Settings.model_validate({"timeout": 0.0001, "size": 77})
    assert settings.model_dump(mode="json")["timeout"] == "0.0001s"
    assert Settings.model_validate(settings.model_dump(mode="json")) == settings


def test_the_schema_says_how_they_are_written():
    """A form that reads the schema shows a text field with an example."""
    assert TypeAdapter(Duration).json_schema()["examples"] == ["30s", "5m"]
    assert TypeAdapter(ByteSize).json_schema()["type"] == ["string", "integer"]


@given(st.integers(0, 2**63 - 1))
def test_a_size_is_read_back_as_it_was(size):
    """Whatever is shown may be copied into a file."""
    assert parse_bytes(format_bytes(size)) == size


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0"), (999, "999"), (1000, "1kB"), (1024, "1KiB"), (64 << 20, "64MiB"), (10**9, "1GB")],
)
def test_a_size_is_shown_in_its_largest_unit(size, text):
    """Nobody counts the digits of 67108864."""
    assert format_bytes(size) == text
