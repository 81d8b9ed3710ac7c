"""Whatever a device sends: no exception, no wrong kind of sample, and what is left out is counted."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.lldp.neighbours import COLUMNS, PORTS, neighbours
from orbital_plugin_snmp.profiles.models import Index, Profile
from orbital_plugin_snmp.tables.column import Output
from orbital_plugin_snmp.tables.families import Families
from orbital_plugin_snmp.tables.index import WrongIndexError, cut
from orbital_plugin_snmp.tables.plan import compile_profiles
from orbital_plugin_snmp.tables.table import TableState

COLUMN, LABEL = oids.encode("1.3.6.1.4.1.1"), oids.encode("1.3.6.1.4.1.2")
KINDS = [
    {"type": "gauge"}, {"type": "counter"}, {"type": "counter", "unwrap": True}, {"type": "Float"},
    {"type": "gauge", "scale": 0.1, "offset": 3.0, "hint": "d-2"}, {"type": "DateAndTime"},
    {"type": "NTPTimeStamp"}, {"type": "ParseDateAndTime", "format": "%Y"}, {"type": "DisplayString"},
    {"type": "EnumAsInfo", "enum": {1: "up"}}, {"type": "EnumAsStateSet", "enum": {1: "up"}},
    {"type": "Bits", "enum": {0: "a", 900: "b"}}, {"type": "OctetString", "hint": "*1x:/1x-"},
    {"type": "PhysAddress48"}, {"type": "InetAddress"},
    {"type": "DisplayString", "extract": [{"regex": "(.*)"}, {"suffix": "_x", "regex": "a(b)?"}]},
]  # fmt: skip
TAGS = st.sampled_from([2, 4, 5, 6, 0x40, 0x41, 0x42, 0x43, 0x44, 0x46, 0x9F78])
VALUES = st.one_of(
    st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False), st.binary(max_size=40), st.none()
)
INDEXES = st.lists(st.one_of(st.integers(0, 300), st.integers(0, 2**32 - 1)), max_size=12)
CELLS = st.lists(
    st.tuples(INDEXES, TAGS, VALUES), max_size=8, unique_by=lambda cell: tuple(cell[0])
)
PARTS = st.lists(
    st.sampled_from(
        ["gauge", "DisplayString", "OctetString", "PhysAddress48", "InetAddressIPv4", "InetAddressIPv6",
         "InetAddress", "InetAddressMissingSize", "ObjectIdentifier", "DateAndTime"]
    ),
    min_size=1, max_size=3,
)  # fmt: skip


def table(kind, parts):
    """A table with one metric, and one label that is looked up."""
    index = [{"label": f"i{n}", "type": part, "implied": True} for n, part in enumerate(parts)]
    labels = [{"label": "looked", "oid": "1.3.6.1.4.1.2", "type": "DisplayString"}]
    metrics = [{"name": "m", "oid": "1.3.6.1.4.1.1", **kind}]
    tables = [{"name": "t", "index": index, "labels": labels, "metrics": metrics}]
    profile = Profile.model_validate({"name": "x", "tables": tables})
    return TableState(compile_profiles([profile], Families()).tables[0])


def cells(column, given_cells):
    """The cells as varbinds of a column."""
    return [(column + oids.encode_parts(index), tag, value) for index, tag, value in given_cells]


@given(st.sampled_from(KINDS), PARTS, st.lists(CELLS, min_size=1, max_size=3), CELLS)
def test_any_cells(kind, parts, polls, looked_up):
    """Any cells under any profile give samples that are numbers, poll after poll."""
    state = table(kind, parts)
    state.look_up({LABEL: cells(LABEL, looked_up)})
    for poll in polls:
        found = {COLUMN: cells(COLUMN, poll)}
        out = Output()
        state.read(found, found, out)
        assert len(out.series) == len(out.values)
        assert all(isinstance(value, int | float) and not math.isnan(value) for value in out.values)
        told = {series.values[: len(parts)] for series in out.series}
        assert len(told) <= len(poll)
        if poll and not out.series and not kind.get("extract"):
            assert out.problems, "what is left out is counted"


@given(INDEXES, PARTS)
def test_any_index(index, parts):
    """An index fits its parts, or is told not to."""
    described = [Index(label="a", type=part) for part in parts]
    try:
        pieces = cut(tuple(index), described)
    except WrongIndexError:
        return
    assert len(pieces) == len(parts)
    assert sum(len(piece.parts) for piece in pieces) in (len(index), len(index) - 1)


@given(st.lists(st.tuples(st.sampled_from([*COLUMNS, *PORTS]), CELLS), max_size=6))
def test_any_neighbours(columns):
    """Any cells in LLDP's tables give neighbours whose labels are text, and never `<nil>` or `None`."""
    found = {column: cells(column, given_cells) for column, given_cells in columns}
    for labels in neighbours(found):
        assert len(labels) == 8
        assert all(isinstance(label, str) for label in labels)
        assert "None" not in labels
