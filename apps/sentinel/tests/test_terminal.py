"""What commands look like on a terminal of 80 columns, and that a pipe gets the same bytes as ever."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from orbital_sentinel.terminal.fitted import GAP, Column, fit

COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-7][0-9;]*m")
ERROR = "answered with status 500"


def words(lines: list[str]) -> set[str]:
    return {word for line in lines for word in line.split()}


def test_tables_fit_80_columns_without_breaking_a_word(busy):
    """Columns give way, an error has a line of its own, and every word of it is whole."""
    error = busy.agent().get("/api/v1/tasks?status=failed")["tasks"][0]["error"]
    for command in (["tasks"], ["status"], ["explain"], ["buffer", "status"], ["plugins", "list"]):
        seen = busy.on_terminal(*command)
        assert max(map(cell_len, seen.lines)) <= 80, command
    seen = busy.on_terminal("tasks")
    assert seen.lines[0].split()[:2] == ["task", "plugin"]
    assert set(error.split()) <= words(seen.lines)
    assert busy.on_terminal("tasks", columns=200).lines[0].split()[-1] == "samples"
    narrow = busy.on_terminal("tasks", columns=40)
    assert max(map(cell_len, narrow.lines)) <= 40
    assert {"task", "status", "last"} <= set(narrow.lines[0].split())


def test_colours_are_for_terminals(busy):
    """State and level have colours there, none with NO_COLOR, and a pipe gets no escape sequence."""
    assert COLOUR.search(busy.on_terminal("tasks").raw)
    assert not COLOUR.search(busy.on_terminal("tasks", NO_COLOR="1").raw)
    assert "\x1b" not in busy.sentinel("tasks").out
    header, *rows = busy.sentinel("tasks").out.splitlines()
    assert header.split() == [
        "TASK", "PLUGIN", "DEVICE", "EVERY", "STATUS", "RUNS", "LAST", "TOOK", "SAMPLES", "ERROR",
    ]  # fmt: skip
    assert len(rows) == 2


def test_an_unknown_status_is_an_error_that_lists_them(machine):
    """Nothing would match it, which looks as if all were well."""
    done = machine.sentinel("tasks", "--status", "broken")
    assert done.code == 2
    told = " ".join(done.err.replace("│", " ").split())
    assert "'broken' is not a status of tasks" in told
    assert "pending, running, success, failed, paused, unusable" in told


def completed(machine, *typed: str) -> list[str]:
    """What a shell offers after these words."""
    line = f"sentinel {' '.join(typed)}"
    machine.environ |= {
        "_SENTINEL_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(typed)),
    }  # fmt: skip
    try:
        done = machine.sentinel()
    finally:
        for name in ("_SENTINEL_COMPLETE", "COMP_WORDS", "COMP_CWORD"):
            del machine.environ[name]
    assert not done.err
    return done.out.split()


def test_names_are_completed_from_the_running_agent(busy):
    """Tasks, devices, outputs, plugins and states."""
    assert completed(busy, "test", "i") == ["ill"]
    assert completed(busy, "explain", "fi") == ["file"]
    assert completed(busy, "tasks", "--plugin", "h") == ["http"]
    assert completed(busy, "tasks", "--status", "pa") == ["paused"]
    assert completed(busy, "buffer", "drop", "--output", "") == ["file"]


def test_without_an_agent_nothing_is_offered_and_nothing_said(machine):
    """A shell that completes has no place for messages."""
    assert completed(machine, "explain", "x") == []


def test_help_comes_in_groups(machine):
    """Somebody who looks for a command finds it by what it is for, and no flag takes a <bool>."""
    lines = machine.on_terminal("--help").lines
    groups = [line for line in lines if line.startswith("╭")]
    names = [
        "Run the sentinel",
        "See what it does",
        "Try devices",
        "Set up",
        "Of installed packages",
    ]
    assert all(any(name in group for group in groups) for name in names)
    assert not any("bool" in line for line in machine.on_terminal("run", "--help").lines)


WORD = st.text("abcdefgh", min_size=1, max_size=12)
CELL = st.lists(WORD, max_size=4).map(" ".join)
TABLE = st.integers(1, 5).flatmap(
    lambda rows: st.lists(st.lists(CELL, min_size=rows, max_size=rows), min_size=1, max_size=6)
)


@given(TABLE, st.integers(10, 120))
def test_a_table_fits_and_breaks_no_word_that_fits(cells, width):
    """Where the longest words of all columns have room, every column is at least as wide as its own."""
    columns = [Column(f"c{place}", one, right=False) for place, one in enumerate(cells)]
    names = [one.head for one in columns]
    spare = names[1:]
    shown = list(fit(columns, width, spare))
    total = sum(w for _, w in shown) + GAP * (len(shown) - 1)
    if columns[0].least <= width:
        assert total <= width
        assert all(w >= column.least for column, w in shown)
    gone = [name for name in names if name not in {column.head for column, _ in shown}]
    assert gone == spare[: len(gone)]  # in the order of their importance
