"""What the README shows runs."""

import asyncio
import re
from pathlib import Path

import pytest

from orbital_sdk import Attempt, Refusal, WriterMisconfigured, WriterUnavailable, Written
from orbital_sdk.testing import FakeHost, make_batch
from orbital_testbench import Answer, CutAnswer, HostileServer

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


async def test_a_writer_of_lines(hostile_server, authority):
    """It delivers, and every failure is one that the sender can act upon."""
    shown, _ = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names = {}
    exec(compile(shown, "README.md", "exec"), names)

    async def written(url: str):
        writer = names["Lines"](names["LinesConfig"](url=url))
        await writer.start(FakeHost())
        try:
            return await asyncio.to_thread(writer.write, [make_batch({"up": 1})], Attempt())
        finally:
            await writer.stop()

    url = hostile_server.url + "/lines?token=hush"
    hostile_server.script(
        Answer(204),
        Answer(503, {"Retry-After": "7"}),
        Answer(400),
        Answer(413),
        Answer(401),
        CutAnswer(),
    )
    assert isinstance(await written(url), Written)
    assert hostile_server.requests[0].body.startswith(b'["up", ')
    with pytest.raises(WriterUnavailable, match="answered 503") as busy:
        await written(url)
    assert busy.value.retry_after == 7
    assert (await written(url)).refusal is Refusal.DOUBTFUL
    assert (await written(url)).refusal is Refusal.TOO_LARGE
    with pytest.raises(WriterMisconfigured, match="answered 401"):
        await written(url)
    with pytest.raises(WriterUnavailable, match="closed") as cut:
        await written(url)
    assert cut.value.sent
    with (
        HostileServer(certificate=authority.issue()) as server,
        pytest.raises(WriterMisconfigured, match=r"tls\.ca_file"),
    ):
        await written(server.url)
    for error in (busy.value, cut.value):
        assert "hush" not in str(error)


def test_a_hostile_server():
    """The steps that are shown are there."""
    _, shown = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(shown, "README.md", "exec"), {})
