"""What the README shows runs."""

import ast
import re
from pathlib import Path
from types import FunctionType

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


async def test_the_example():
    """With a name that every machine has."""
    (shown,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    text = shown.replace("switch-7.example.com", "localhost")
    code = compile(text, "README.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    names = {}
    await FunctionType(code, names)()
    assert {address[4][1] for address in names["addresses"]} == {161}
    assert issubclass(names["Unresolved"], Exception)
