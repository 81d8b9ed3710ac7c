"""The picture in README.md: what a terminal showed, and nothing that is fetched from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

from orbital_dev.pictures import picture

IMAGES = Path(__file__).parents[3] / "docs" / "images"


def test_a_picture_has_command_output_and_colours():
    """Escape sequences become colours, and texts are found in it."""
    drawn = picture([(("tasks",), "sw-1  \x1b[1;31mfailed\x1b[0m\n"), (("stop",), "bye")])
    text = drawn.replace("&#160;", " ")
    assert all(one in text for one in ("$ sentinel tasks", "failed", "$ sentinel stop", "bye"))
    assert len(set(re.findall(r"fill: (#\w+)", drawn))) > 1


def test_pictures_fetch_nothing():
    """No font, no style sheet, no script."""
    made = [file.read_text() for file in IMAGES.glob("*.svg")]
    for drawn in (picture([(("tasks",), "x")]), *made):
        assert not re.search(r"@font-face|@import|<script|<image|url\(.?http", drawn)
