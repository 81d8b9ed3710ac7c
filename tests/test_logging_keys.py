"""The `logging` section: each key changes what a running agent writes, and where."""

from __future__ import annotations

import json
import os
import re

import pytest

from orbital_testbench import wait_until

TALKATIVE = """\
from orbital_sdk import DeviceFields, Metric, Plugin, PluginConfig


class Talks(Plugin[DeviceFields, PluginConfig]):
    name = "talks"
    said = Metric("said", "Whether it spoke")

    async def collect(self, device, ctx):
        ctx.log.debug("a detail, which nobody needs")
        ctx.log.info("a word, which is of use " + "x" * 100)
        yield self.said(1)
"""


def logs(sentinel, **logging: object) -> str:
    """What stands on stdout after ten runs of a plugin that logs."""
    sentinel.install("talkative", TALKATIVE, talks="Talks")
    sentinel.configure(
        logging=logging,
        sender={"direct": {"file": {"path": "out.jsonl"}}},
        tasks=[{"id": "a", "plugin": "talks", "interval": "50ms"}],
    )
    sentinel.start()
    wait_until(lambda: sentinel.tasks() and sentinel.tasks()[0]["runs"] >= 10)
    assert sentinel.end() == 0
    return sentinel.log.read_text()


@pytest.mark.parametrize(
    ("level", "word", "detail"),
    [("debug", True, True), ("info", True, False), ("warn", False, False), ("error", False, False)],
)
def test_logging_level(sentinel, level, word, detail):
    """logging.level: details, words of use, or only what is wrong."""
    told = logs(sentinel, level=level)
    assert ("a word" in told) is word
    assert ("a detail" in told) is detail


@pytest.mark.parametrize("style", ["text", "json"])
def test_logging_format(sentinel, style):
    """logging.format: a line for people, or an object a line, with the task in both."""
    lines = logs(sentinel, format=style).splitlines()
    (word, *_) = [line for line in lines if "a word" in line]
    if style == "text":
        assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z INFO +plugin\S*: a word.* task=a", word)
    else:
        assert {type(json.loads(line)) for line in lines} == {dict}
        assert json.loads(word)["task"] == "a"


@pytest.mark.parametrize("output", ["stdout", "file", "both"])
def test_logging_output(sentinel, output):
    """logging.output and file_path: where lines go; a file is its owner's alone."""
    told = logs(sentinel, output=output, file_path="there/agent.log")
    file = sentinel.folder / "there" / "agent.log"
    assert ("a word" in told) is (output != "file")
    assert file.exists() is (output != "stdout")
    if output != "stdout":
        assert "a word" in file.read_text()
        assert file.stat().st_mode & 0o777 == 0o600


def test_logging_files_are_rotated(sentinel):
    """logging.max_size, max_backups and max_age: full files make room, old ones go."""
    folder = sentinel.folder / "logs"
    folder.mkdir()
    old = folder / "sentinel-2020-01-31T10-00-00.000.log"
    old.write_text("long ago\n")
    os.utime(old, (1_580_464_800, 1_580_464_800))
    logs(sentinel, output="file", max_size=0.0005, max_backups=2, max_age=1)
    assert not old.exists()
    files = sorted(folder.iterdir())
    assert len(files) == 3  # the present one and two before it
    assert all(file.stat().st_size < 1000 for file in files)
