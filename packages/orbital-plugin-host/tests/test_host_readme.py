"""What the README shows runs."""

import re
from pathlib import Path

import pytest

from orbital_plugin_host.remote.framed import connect
from orbital_sdk import ConfigurationError

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_a_loader_of_programs(tmp_path):
    """It starts the program that it names, and says why there is none."""
    (shown,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names = {"connect": connect}
    exec(compile(shown, "README.md", "exec"), names)
    with pytest.raises(ConfigurationError, match=r"\./ups-plugin: No such file"):
        names["MyLoader"]().load(tmp_path, {})
