"""What the README shows runs."""

import asyncio
import re
from pathlib import Path

import snappy

from orbital_sdk import Attempt
from orbital_sdk.testing import FakeHost, make_batch
from orbital_testbench import Answer

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


async def test_a_writer_in_five_lines(hostile_server, parse):
    """It delivers."""
    (shown,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names = {}
    exec(compile(shown, "README.md", "exec"), names)
    hostile_server.default = Answer(204)
    writer = names["Mimir"](names["RemoteWriteConfig"](url=hostile_server.url))
    await writer.start(FakeHost())
    try:
        await asyncio.to_thread(writer.write, [make_batch({"up": 1})], Attempt())
    finally:
        await writer.stop()
    (request,) = hostile_server.requests
    assert [labels[0] for labels in parse(snappy.uncompress(request.body))] == [("__name__", "up")]
