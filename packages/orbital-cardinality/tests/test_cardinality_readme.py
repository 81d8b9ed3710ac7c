"""The example of the README works."""

import re
from pathlib import Path


def test_the_example_works():
    text = (Path(__file__).parents[1] / "README.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(example, {})
