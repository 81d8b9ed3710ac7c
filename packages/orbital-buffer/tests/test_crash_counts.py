"""The books of a process whose disk took nothing, as the next one finds them."""

from __future__ import annotations

import os

import pytest

from orbital_buffer.format.stored import State, pack
from orbital_buffer.store.rocks.contents import Contents
from orbital_buffer.store.rocks.crash_counts import CrashCounts


@pytest.fixture
def place(tmp_path):
    (tmp_path / "machine").mkdir()
    (tmp_path / "buffer").mkdir()
    return tmp_path


def words(place):
    """Those of a process that starts."""
    return CrashCounts(place / "buffer", place / "machine")


def told(place, **states):
    found = Contents(states=states)
    words(place).apply_to(found)
    return found.states


def packed(**states):
    return {output: pack(state) for output, state in states.items()}


def test_the_newer_state_counts(place):
    """What the database knows better is not undone."""
    words(place).keep(packed(a=State(accepted=7), b=State(accepted=7)), besides=False)
    states = told(place, a=State(accepted=5), b=State(accepted=9))
    assert [states[name].accepted for name in "ab"] == [7, 9]


def test_starts_without_a_database_come_on_top_each_once(place):
    """What they delivered and what they lost, of one start after the other."""
    for run in (1, 2):
        words(place).keep(packed(a=State(accepted=10 * run, delivered=run)), besides=True)
    state = told(place, a=State(accepted=100, delivered=100))["a"]
    assert (state.accepted, state.delivered, state.dropped) == (130, 103, {"unsaved": 27})
    words(place).taken(packed(a=state))
    assert told(place, a=State(accepted=100, delivered=100))["a"] == state


def test_nothing_is_left_when_the_disk_has_it(place):
    """No file stays behind."""
    ours = words(place)
    ours.keep(packed(a=State(accepted=7)), besides=False)
    ours.forget()
    assert not list((place / "machine").iterdir())


def test_a_folder_made_anew_has_no_counts(place):
    """Its name is the same, and it is another one."""
    words(place).keep(packed(a=State(accepted=7)), besides=False)
    (place / "buffer").rename(place / "old")
    (place / "buffer").mkdir()
    assert told(place) == {}


def test_what_is_not_ours_is_not_read(place):
    """Anybody may make files in that place: a link, or bytes that nobody wrote, are nothing."""
    words(place).keep(packed(a=State(accepted=7)), besides=False)
    (file,) = (place / "machine").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    moved = file.rename(place / "elsewhere")
    file.symlink_to(moved)
    assert told(place) == {}
    file.unlink()
    os.mkfifo(file)
    assert told(place) == {}
    file.unlink()
    file.write_bytes(b"nonsense")
    assert told(place) == {}


def test_a_machine_without_such_a_place_is_told_once(place, caplog):
    """The log says what that costs."""
    ours = CrashCounts(place / "buffer", place / "nowhere")
    for accepted in (7, 8):
        ours.keep(packed(a=State(accepted=accepted)), besides=False)
    assert caplog.text.count("are lost uncounted") == 1
