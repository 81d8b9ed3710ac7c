"""What the README shows runs."""

import re
from pathlib import Path

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_a_buffer_of_ones_own(capsys):
    """Both samples of the batch are delivered, and the ledger counts them."""
    (shown,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(shown, "README.md", "exec"), {})
    assert "accepted=2, delivered=2" in capsys.readouterr().out
