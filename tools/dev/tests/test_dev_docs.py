"""Pages that are made from the code say what there is."""

from pathlib import Path
from typing import get_args

from orbital_dev.docs import pages, stale, write
from orbital_dev.settings import BEGIN, END, updated
from orbital_sdk.wire import answers, calls


def test_fields_have_their_choices():
    """Where only some words are right, all of them are on the page."""
    page = dict(pages())["plugin-ping.md"]
    assert '| `engine` | `auto`, `native`, `ping3` | `"auto"` |' in page
    assert "| `count` | int | `4` |" in page


def test_every_command_has_its_part():
    """Those of plugins and writers are on the page, too, with their defaults; hidden ones are not."""
    page = dict(pages())["command-line.md"]
    for command in ("status", "buffer dead-letters list", "modbus read", "discover", "snmp walk"):
        assert f"## `sentinel {command}`" in page
    assert "| `--address` | `0` |" in page
    assert "| `--config, -c FILE` |  |" in page
    assert "| `TASK\\|FILE` | required |" in page
    assert "list-plugins" not in page
    assert "--json" not in page


def test_every_message_has_its_part():
    """With the types, bounds, defaults and meanings of its fields."""
    page = dict(pages())["wire.md"]
    for message in (*get_args(calls.FromAgent), *get_args(answers.FromProgram)):
        assert f"### `type: {message.__struct_config__.tag}`" in page
    assert "| `remaining` | number | required | Until the agent gives it up" in page
    assert "| `table` | integer, 0 to 15 | required |  |" in page
    assert "| `times` | bytes or null | `null` | The device's own time of each value" in page
    assert "| `records` | list of Table or Samples | `[]` |  |" in page


def test_the_documentation_has_every_setting():
    """docs/configuration.md is made from the models and is not out of date."""
    page = Path(__file__).parents[3] / "docs" / "configuration.md"
    text = page.read_text(encoding="utf-8")
    assert text == updated(text), "run `make docs`"


def test_stale_pages_are_made_anew(tmp_path):
    """Missing ones, changed ones and those that nothing makes any more; text around the tables stays."""
    (tmp_path / "configuration.md").write_text(f"Above.\n{BEGIN}old{END}Below.\n")
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference" / "plugin-gone.md").touch()
    changed = {path.relative_to(tmp_path).as_posix() for path in write(tmp_path)}
    assert {"configuration.md", "reference/plugin-gone.md", "reference/wire.md"} <= changed
    text = (tmp_path / "configuration.md").read_text()
    assert text.startswith("Above.\n")
    assert text.endswith("Below.\n")
    assert not (tmp_path / "reference" / "plugin-gone.md").exists()
    assert stale(tmp_path) == []
