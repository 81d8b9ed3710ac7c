"""JSON that reads back as what was there, where JSON itself has no word for it."""

from __future__ import annotations

import json
import math
import struct
from array import array

from hypothesis import given, settings
from hypothesis import strategies as st

from orbital_sdk.jsontext import number, numbers, text


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(), max_size=20))
def test_numbers_read_back(values):
    """Every double comes back bit for bit, but for the payload of a NaN."""
    names = {"NaN": math.nan, "+Inf": math.inf, "-Inf": -math.inf}
    for value, written in zip(values, numbers(array("d", values)), strict=True):
        read = json.loads(written)
        back = names[read] if isinstance(read, str) else float(read)
        same = struct.pack("<d", value) == struct.pack("<d", back)
        assert same or (math.isnan(value) and math.isnan(back))


@given(st.floats())
def test_a_number_in_a_document(value):
    """As in a line, for documents that are made otherwise."""
    (line,) = numbers(array("d", [value]))
    assert json.loads(json.dumps(number(value), allow_nan=False)) == json.loads(line)


@given(st.dictionaries(st.text(), st.text()))
def test_texts_read_back(value):
    """Quotes, control characters, whatever Unicode has."""
    assert json.loads(text(value)) == value


def test_a_lone_surrogate_stays_escaped():
    """It is not Unicode text, and UTF-8 has no place for it."""
    assert text("a\ud800") == b'"a\\ud800"'
