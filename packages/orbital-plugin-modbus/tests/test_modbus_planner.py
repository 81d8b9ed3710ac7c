"""The read planner: everything is read, nothing forbidden is, and no plan has fewer reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from orbital_plugin_modbus.planner import Hole, ReadLimits, plan, read_of, split
from orbital_plugin_modbus.tables import TABLES

if TYPE_CHECKING:
    from orbital_plugin_modbus.tables import Table


@dataclass(frozen=True)
class Span:
    table: Table
    start: int
    stop: int


def spans_of(draw, *, overlapping: bool) -> list[Span]:
    table = TABLES[draw(st.sampled_from(sorted(TABLES)))]
    spans, place = [], 0
    steps = draw(
        st.lists(
            st.tuples(st.integers(-2 if overlapping else 0, 40), st.integers(1, 8)), max_size=25
        )
    )
    for gap, size in steps:
        start = max(0, place + gap)
        spans.append(Span(table, start, start + size))
        place = start + size
    return spans


@st.composite
def maps(draw, *, overlapping: bool = True):
    spans = spans_of(draw, overlapping=overlapping)
    if overlapping:
        spans += spans_of(draw, overlapping=True)
    limits = ReadLimits(
        draw(st.integers(8, 125)), draw(st.integers(8, 2000)), draw(st.integers(0, 30))
    )
    return spans, limits


@st.composite
def holes(draw):
    start = draw(st.integers(0, 200))
    return Hole(draw(st.sampled_from(sorted(TABLES))), start, start + draw(st.integers(0, 5)))


@given(maps(), st.sets(holes(), max_size=5))
def test_everything_is_read_once_and_within_the_limits(case, known):
    """Each span lies in exactly one read, none of which is too long or of two tables."""
    spans, limits = case
    groups = plan(spans, limits, known)
    assert sorted(map(id, (s for group in groups for s in group))) == sorted(map(id, spans))
    for group in groups:
        read = read_of(group)
        assert {span.table for span in group} == {read.table}
        assert read.count <= limits.most(read.table)
        assert all(read.start <= span.start and span.stop <= read.stop for span in group)


@given(maps(), st.sets(holes(), max_size=5))
def test_no_read_runs_across_a_wide_gap_or_a_hole(case, known):
    """What lies between the fields of a read is narrow enough, and known to be readable."""
    spans, limits = case
    for group in plan(spans, limits, known):
        covered = {address for span in group for address in range(span.start, span.stop)}
        read = read_of(group)
        gap = 0
        for address in range(read.start, read.stop):
            gap = 0 if address in covered else gap + 1
            assert gap <= limits.gap(read.table)
            assert gap == 0 or not any(
                h.table == read.table.name and h.start <= address < h.stop for h in known
            )


def fewest(spans: list[Span], limits: ReadLimits) -> int:
    """By trying every way to cut the sequence."""
    table = spans[0].table

    def fits(first: int, last: int) -> bool:
        gaps = [
            b.start - a.stop
            for a, b in zip(spans[first:last], spans[first + 1 : last + 1], strict=True)
        ]
        length = spans[last].stop - spans[first].start
        return length <= limits.most(table) and all(gap <= limits.gap(table) for gap in gaps)

    @cache
    def best(first: int) -> int:
        if first == len(spans):
            return 0
        return 1 + min(best(last + 1) for last in range(first, len(spans)) if fits(first, last))

    return best(0)


@given(maps(overlapping=False))
def test_no_plan_has_fewer_reads(case):
    """For the limits and the gap that are given."""
    spans, limits = case
    if spans:
        assert len(plan(spans, limits)) == fewest(spans, limits)


@given(maps())
def test_a_refused_read_is_split_until_single_fields_remain(case):
    """Both parts are smaller, and nothing gets lost or is cut in two."""
    spans, limits = case
    for group in plan(spans, limits):
        waiting = [group]
        while waiting:
            part = waiting.pop()
            if halves := split(part):
                left, right = halves
                assert [*left, *right] == part
                assert left
                assert right
                assert read_of(left).stop <= right[0].start
                waiting += halves


def test_a_border_keeps_neighbours_apart():
    """A hole of no width: both sides can be read, but not together."""
    holding = TABLES["holding"]
    spans = [Span(holding, n, n + 1) for n in range(10)]
    groups = plan(spans, ReadLimits(), [Hole("holding", 4, 4)])
    assert [len(group) for group in groups] == [4, 6]


def test_typical_maps():
    """83 scattered registers, and 20 blocks of 4: what one request a field would make 83 and 80."""
    holding = TABLES["holding"]
    scattered = [Span(holding, n * 7, n * 7 + 1) for n in range(83)]
    blocks = [Span(holding, b * 50 + n, b * 50 + n + 1) for b in range(20) for n in range(4)]
    assert len(plan(scattered, ReadLimits())) == 5
    assert len(plan(blocks, ReadLimits())) == 20
    assert len(plan(blocks, ReadLimits(bridge=46))) == 7
