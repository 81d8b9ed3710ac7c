"""Hints for names that nobody knows."""

from __future__ import annotations

import pytest

from orbital_sdk.hints import did_you_mean, nearest


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("intervall", ["host", "interval"], "did you mean interval?"),
        ("IFDESCR", ["ifDescr", "ifAlias"], "did you mean ifDescr?"),
        ("x", ["port", "host", "port"], "known here: host, port"),
        ("x", [f"key{n:02}" for n in range(21)], "key18, key19, …"),
        ("x", [], ""),
        ("", ["host"], "known here: host"),
    ],
)
def test_hints(name, known, hint):
    """The nearest name, whatever the case; else what there is, and not too much of it."""
    told = did_you_mean(name, known)
    assert told.endswith(hint)
    assert bool(told) == bool(hint)


def test_names_that_differ_by_case_alone():
    """The same one is always told, whatever order they come in."""
    assert nearest("UNIT", ["unit", "Unit"]) == nearest("UNIT", ["Unit", "unit"]) == "Unit"
    assert nearest("community", ["host"]) is None
