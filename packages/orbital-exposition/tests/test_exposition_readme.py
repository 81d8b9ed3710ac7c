"""What the README shows runs."""

import re
from pathlib import Path

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_example():
    """Two series of one page, with the time that one of them has."""
    (shown,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names = {}
    exec(compile(shown, "README.md", "exec"), names)
    assert [(repr(series), value, time) for series, value, time in names["samples"]] == [
        ("jobs_total{queue='in'}", 3, None),
        ("jobs_total{queue='out'}", 5, 1764403200000),
    ]
