"""What a plugin notes is there after a restart, and no file or disk keeps it from working."""

from __future__ import annotations

import asyncio
import json

import pytest

from orbital_sdk import StateFile
from orbital_sdk.testing import FakeHost

NAME = "learned.json"


def open_notes(folder, **limits):
    """Those of a process that begins now."""
    return StateFile(folder, about="boxes", **limits)


def test_notes_outlive_the_process(tmp_path):
    """Whatever JSON has, texts that are not Unicode too; nobody else may read the file."""
    first = open_notes(tmp_path)
    assert first.get("a") is None
    first.set("a", {"holes": [[1, 2]], "name": "\ud800", "limit": None})
    first.save()
    assert open_notes(tmp_path).get("a") == {"holes": [[1, 2]], "name": "\ud800", "limit": None}
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == [NAME]


def test_who_shares_the_file_keeps_what_others_noted(tmp_path):
    """Two instances, or two processes: each adds its own, and sees the other's."""
    one, two = open_notes(tmp_path), open_notes(tmp_path)
    one.set("a", 1)
    two.set("b", 2)
    one.save()
    two.save()
    assert (one.get("b"), two.get("a")) == (2, 1)
    one.set("b", 3)
    assert (one.get("b"), two.get("b")) == (3, 2)
    one.save()
    two.set("c", 4)
    two.save()
    assert json.loads((tmp_path / NAME).read_text()) == {"a": 1, "b": 3, "c": 4}


def test_a_save_without_news_writes_nothing(tmp_path):
    """So that it can be called at every turn."""
    kept = open_notes(tmp_path)
    kept.save()
    assert not list(tmp_path.iterdir())


def test_without_a_folder_the_process_remembers():
    """As in tests, or where the agent has no place for it; as much as there is room for."""
    kept = open_notes(None, most=2)
    for key in "abac":
        kept.set(key, key)
    kept.save()
    assert [kept.get(key) for key in "abc"] == ["a", None, "c"]


def test_what_was_noted_longest_ago_goes_first(tmp_path):
    """Noting something again makes it new."""
    kept = open_notes(tmp_path, most=3)
    for key in "abcad":
        kept.set(key, key)
        kept.save()
    assert list(json.loads((tmp_path / NAME).read_text())) == ["c", "a", "d"]


def test_the_file_stays_small(tmp_path, caplog):
    """Values that are too large together: the older half goes, and the log says so."""
    kept = open_notes(tmp_path, largest=1000)
    for number in range(8):
        kept.set(str(number), "x" * 200)
    kept.save()
    assert list(json.loads((tmp_path / NAME).read_text())) == ["5", "6", "7"]
    assert "3 values are kept" in caplog.text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"a": ' + b"[" * 100_000,
        b'"' + b"x" * 200_000 + b'"',
    ],
    ids=lambda content: repr(content[:8]),
)
def test_a_damaged_file_is_set_aside(tmp_path, caplog, content):
    """It is no reason to stop or to write over it: told, counted, kept beside the new one."""
    (tmp_path / NAME).write_bytes(content)
    host = FakeHost()
    counter = host.counter("damaged", "Files that were set aside")
    kept = open_notes(tmp_path, largest=200_000, damaged=counter.add)
    assert kept.get("a") is None
    assert host.value("damaged_total") == 1
    assert (tmp_path / f"{NAME}.damaged").read_bytes() == content
    assert "what is known of boxes begins anew" in caplog.text
    kept.set("a", 1)
    kept.save()
    assert open_notes(tmp_path).get("a") == 1


def test_a_file_that_cannot_be_read_is_told_once(tmp_path, caplog):
    """Here it is a folder."""
    (tmp_path / NAME).mkdir()
    kept = open_notes(tmp_path)
    assert [kept.get("a"), kept.get("a")] == [None, None]
    assert caplog.text.count("cannot be read") == 1


def test_a_disk_that_takes_nothing_loses_nothing(tmp_path, caplog):
    """What was noted is written when the disk is back."""
    folder = tmp_path / "plugin"
    kept = open_notes(folder)
    kept.set("a", 1)
    kept.save()
    assert "cannot be stored" in caplog.text
    assert kept.get("a") == 1
    folder.mkdir()
    kept.save()
    assert open_notes(folder).get("a") == 1


def test_a_write_that_was_interrupted_leaves_the_old_file(tmp_path):
    """Its half stands beside the file, and is written over, whoever may read it."""
    kept = open_notes(tmp_path)
    kept.set("a", 1)
    kept.save()
    half = tmp_path / f"{NAME}.new"
    half.write_text('{"a"')
    half.chmod(0o644)
    again = open_notes(tmp_path)
    assert again.get("a") == 1
    again.set("b", 2)
    again.save()
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    assert not half.exists()


async def test_many_notes_are_saved_together(tmp_path):
    """Some time after the first of them, once."""
    saved = asyncio.Event()

    class Told(StateFile):
        def save(self):
            assert not saved.is_set()
            super().save()
            saved.set()

    kept = Told(tmp_path, about="boxes")
    for number in range(3):
        kept.set(str(number), number)
        kept.save_soon(0.01)
    await asyncio.wait_for(saved.wait(), 60)
    assert len(json.loads((tmp_path / NAME).read_text())) == 3


async def test_a_save_makes_the_later_one_needless(tmp_path):
    """As a plugin stops: nothing of it is left on the loop."""
    kept = open_notes(tmp_path)
    kept.set("a", 1)
    kept.save_soon()
    kept.save()
    assert kept._timer is None
    assert open_notes(tmp_path).get("a") == 1
