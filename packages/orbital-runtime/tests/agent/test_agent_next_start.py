"""What a reload cannot do yet, and says."""

from __future__ import annotations

import pytest

from orbital_runtime.agent.reloading.apply import at_next_start
from orbital_runtime.settings import Settings

WAITS = "buffer: changed, and takes effect at the next start"
STAYS = "buffer: what waits in old at the stop stays there, until a configuration names this folder again"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"type": "disk"}, {"type": "disk"}, []),
        ({"type": "memory"}, {"type": "disk"}, [WAITS]),
        ({"type": "disk"}, {"type": "disk", "size": 500}, [WAITS]),
        ({"type": "disk"}, {"type": "disk", "disk_path": "new"}, [WAITS, STAYS]),
        ({"type": "disk"}, {"type": "memory"}, [WAITS, STAYS]),
    ],
    ids=["same", "to disk", "smaller", "moved", "to memory"],
)
def test_another_buffer_tells_what_it_leaves_behind(before, after, told):
    """Samples that wait in the folder of today are no concern of the buffer of tomorrow."""
    old, new = (
        Settings.model_validate({"buffer": {"disk_path": "old", **one}}) for one in (before, after)
    )
    assert list(at_next_start(old, old, new)) == told


def test_telemetry_is_read_at_the_start():
    """Its address and its socket."""
    old, new = Settings(), Settings.model_validate({"telemetry": {"enabled": False}})
    assert list(at_next_start(old, old, new)) == [WAITS.replace("buffer", "telemetry")]


@pytest.mark.parametrize(
    ("changed", "key", "name"),
    [
        ({"plugins": {"ping": {"isolation": "process"}}}, "plugins.ping", "ping"),
        ({"collector": {"isolation": "process"}}, "collector.isolation", "NAME"),
    ],
)
def test_where_a_plugin_runs_is_read_when_it_starts(changed, key, name):
    """A reload leaves it where it is, and says what moves it."""
    old, new = Settings(), Settings.model_validate(changed)
    when = f"takes effect at `sentinel plugins reload {name}` or the next start"
    assert list(at_next_start(old, old, new)) == [f"{key}: changed, and {when}"]
    assert list(at_next_start(old, new, new)) == []


def test_what_is_again_as_it_began_has_nothing_to_wait_for():
    """A change that is taken back before the next start."""
    began = Settings.model_validate({"buffer": {"type": "disk"}})
    changed = Settings.model_validate(
        {"buffer": {"type": "memory"}, "telemetry": {"listen": "127.0.0.1:1"}}
    )
    assert len(list(at_next_start(began, began, changed))) == 3
    assert list(at_next_start(began, changed, began)) == []
