"""Benchmarks start, measure and print. Their figures are judged by people."""

from __future__ import annotations

import importlib

import pytest

from orbital_bench import config, path, processor, report, scheduler, victoria
from orbital_bench.cli import NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_a_benchmark(name):
    """What the command line offers is there, and fits the packages that it measures."""
    assert callable(importlib.import_module(f"orbital_bench.{name}").run)


def test_a_table_reads_well_in_a_terminal_and_in_a_page(capsys):
    """Columns stand below each other; figures have three digits that mean something."""
    report.table("Title", ("what", "figure"), [["a", 0.12345], ["longer", 123456.0], ["b", 7]])
    assert capsys.readouterr().out.splitlines()[3:] == [
        "| what   | figure  |",
        "|--------|---------|",
        "| a      | 0.123   |",
        "| longer | 123,456 |",
        "| b      | 7       |",
    ]


@pytest.mark.real
def test_an_agent_beside_a_real_server():
    """The path bench, with one device for a few seconds: the server stored something."""
    name, polls, samples, cpu, *_ = path._case(1, 2, 2, config.EQUAL, seconds=4.0)
    assert (name, polls, samples) == ("disk, 1 s", 1, 5)
    assert cpu > 0


@pytest.mark.real
def test_formats_beside_a_real_server(capsys):
    """Each format is taken by the server, or the bench stops."""
    victoria.run(turns=1)
    assert capsys.readouterr().out.count("| ") > 10


def test_a_filter_is_written_as_what_it_leaves(capsys):
    """A few rounds: every way has its row, and the layout of the filter is written once."""
    processor.run(rounds=1, turns=10)
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines() if "|" in line]
    size = {
        row[1].strip(): float(row[5]) for row in rows if row[5:] and row[5].strip()[:1].isdigit()
    }
    never = size["none, and only the rows that the filter leaves"]
    assert size["filter, leaves half"] == never < size["the same, with a layout for each batch"]


def test_the_scheduler_alone():
    """Fifty tasks for a moment: all known, none missed."""
    row = scheduler._row(50, seconds=0.1)
    assert (row[0], row[-1]) == ("50", 0)
