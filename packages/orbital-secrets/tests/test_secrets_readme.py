"""What the README shows runs."""

import re
from pathlib import Path

from pydantic import SecretStr

from orbital_sdk.secret_provider import Surroundings

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_a_provider_of_ones_own(tmp_path, monkeypatch):
    """It asks `pass`, and has no secret where that has none."""
    (shown,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict = {}
    exec(compile(shown, "README.md", "exec"), names)
    program = tmp_path / "pass"
    program.write_text('#!/bin/sh\n[ "$2" = sentinel/UPS ] && printf "hush\\nuser: me\\n"\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    provider = names["Pass"](names["PassConfig"](), Surroundings({}, tmp_path, tmp_path))
    assert provider.get_all(["UPS", "gone"]) == {"UPS": SecretStr("hush"), "gone": None}
