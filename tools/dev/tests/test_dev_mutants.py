"""`orbital-dev mutants`: which changes it makes, and what it says of those that no test notices."""

import ast
import os
import subprocess
import sys

import pytest

from orbital_dev.mutants import NoRoom, find_room, sample
from orbital_dev.mutations import mutations

CODE = '''\
"""A room."""


def clamp(value, low, high):
    """Between both."""
    if value < low:
        return low
    return min(value, high)


def spin(count):
    while count > 0:
        count -= 1
'''
TESTS = """
from pkg.room.clamp import clamp, spin

def test_clamp():
    assert clamp(0, 1, 3) == 1
    assert clamp(5, 1, 3) == 3

def test_spin():
    spin(3)
"""

WITHOUT = " ".join(
    f"-p no:{name}" for name in ("anyio", "orbital_testbench", "schemathesis", "xdist")
)
"""Plugins that take seconds to load, which nothing here needs."""


def changed(source: str) -> list[str]:
    """The new text of each changed line, or of all the lines of a change."""
    found = list(mutations(source))
    for mutation in found:
        ast.parse(mutation.source)
    diffs = [m.diff.splitlines() for m in found]
    return ["\n".join(line[1:] for line in diff if line[0] == "+") for diff in diffs]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b <= c", ["a <= b <= c", "a < b < c"]),
        ("x = a is None and b in c", [
            "x = a is None or b in c", "x = a is not None and b in c", "x = a is None and b not in c",
        ]),
        ("x = all(a) + min(b)", ["x = any(a) + min(b)", "x = all(a) - min(b)", "x = all(a) + max(b)"]),
        ("x = not a", ["x = a"]),
        ("x = f(True, 3)", ["x = f(False, 3)", "x = f(True, 4)"]),
        ("self.x = a", ["pass"]),
        ("x -= a", ["x += a"]),
        ("f(a)", ["pass"]),
        ("raise E('ö', a)", ["pass"]),
        ("if a: b = 1 if c else d", [
            "if not a: b = 1 if c else d", "if a: b = 2 if c else d", "if a: b = 1 if not c else d",
        ]),
        ("def f():\n    return 'ü' + (\n        a)", ["    return None", "    return 'ü' - a"]),
    ],
)  # fmt: skip
def test_each_change_is_one(source, expected):
    """Comparisons, conditions, constants, arithmetic, all and any, results and statements."""
    assert sorted(changed(source)) == sorted(expected)


@pytest.mark.parametrize(
    "source",
    [
        '"""1 < 2"""',
        "LIMIT: Final = 3",
        "def f(a: 'x < y' = 3) -> 1: ...",
        "if TYPE_CHECKING:\n    f(1)",
        "logger.info('a', 1)",
        "x = f'{a < b}'",
        "@f(1)\nclass A: ...",
        "def f():\n    return None",
        "def f():\n    return ''",
    ],
)
def test_what_is_no_behaviour_is_left_alone(source):
    """Words, names of numbers, types and decorators."""
    assert changed(source) == []


@pytest.fixture
def root(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.uv.workspace]\nmembers = []\n")
    for path, text in {
        "packages/pkg/src/pkg/__init__.py": "",
        "packages/pkg/src/pkg/room/__init__.py": "",
        "packages/pkg/src/pkg/room/clamp.py": CODE,
        "packages/pkg/tests/room/test_clamp.py": TESTS,
    }.items():
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return tmp_path


def test_what_no_test_notices_is_shown(root):
    """A survivor has its place and its diff; a change that hangs is noticed; the sources stay as they are."""
    command = [sys.executable, "-c", "from orbital_dev.cli import main; main()", "mutants", "room"]
    done = subprocess.run(
        [*command, "--count", "0", "--grace", "1", "--goal", "90"],
        cwd=root, env=os.environ | {"PYTEST_ADDOPTS": WITHOUT}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert [line[1:].strip() for line in done.stdout.splitlines() if line.startswith("+")] == [
        "if value <= low:", "while count >= 0:", "while count > 1:", "count -= 2",
    ], done.stderr  # fmt: skip
    assert "packages/pkg/src/pkg/room/clamp.py:6\n-    if value < low:" in done.stdout
    assert "4 of 8 changes noticed: 50 %" in done.stdout
    assert done.returncode == 1
    assert (root / "packages/pkg/src/pkg/room/clamp.py").read_text() == CODE


def test_a_sample_is_the_same_for_a_seed(root):
    """So that a figure can be repeated."""
    room = find_room(root, "room")
    assert sample(room, 4, 1) == sample(room, 4, 1) != sample(room, 4, 2)
    assert len(sample(room, 4, 1)) == 4
    assert len(sample(room, None, 1)) == 8


def test_a_room_that_is_not_there(root):
    """Said in a sentence."""
    with pytest.raises(NoRoom, match="0 rooms are called 'attic'"):
        find_room(root, "attic")
    (root / "packages/pkg/src/pkg/cellar").mkdir()
    with pytest.raises(NoRoom, match="is not a source"):
        find_room(root, "cellar")
    (root / "packages/pkg/src/pkg/cellar/wine.py").write_text("")
    with pytest.raises(NoRoom, match="say with --tests"):
        find_room(root, "cellar")
