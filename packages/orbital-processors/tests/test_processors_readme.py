"""The README tells users everything there is to set, and its examples are true."""

import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import yaml

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```\n+```\n(.*?)\n=>\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize(("settings", "given", "expected"), EXAMPLES)
async def test_examples(run_example, settings, given, expected):
    """Each example makes of its samples what it shows."""
    assert await run_example(yaml.safe_load(settings)["processors"], given) == expected.splitlines()


def test_every_processor_has_an_example():
    """Each processor of the package has a section with an example."""
    shown = {yaml.safe_load(settings)["processors"][0]["name"] for settings, _, _ in EXAMPLES}
    ours = {
        point.name
        for point in entry_points(group="orbital.processors")
        if point.value.startswith("orbital_processors:")
    }
    assert ours == shown
    assert all(f"## `{name}`\n" in README for name in ours)
