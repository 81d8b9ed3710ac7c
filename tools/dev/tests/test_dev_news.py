"""Changelogs can be built from the fragments that are in this repository."""

from pathlib import Path

from orbital_dev.changes import FRAGMENT
from orbital_dev.workspace import find_root, members

ROOT = find_root(Path(__file__).parent)


def test_every_fragment_has_a_name_that_towncrier_tells_apart():
    """ISSUE.KIND.md, ISSUE.KIND.2.md for a second one, +WORD.KIND.md without an issue.

    Over ISSUE.KIND.WORD.md beside the first it breaks, and builds nothing.
    """
    folders = [ROOT / member.folder / "changelog.d" for member in members(ROOT)]
    names = [path for folder in folders for path in folder.glob("*.md")]
    assert names
    wrong = [path for path in names if not FRAGMENT.fullmatch(path.name)]
    assert [str(path.relative_to(ROOT)) for path in wrong] == []
