"""The dead-letter store: what was refused, by whom, why, and no more of it than agreed."""

from __future__ import annotations

from orbital_runtime.sender import DeadLetter, MemoryDeadLetters
from orbital_sdk import Row
from orbital_sdk.testing import make_origin


def letter(output="a", reason="out of bounds", value=1.0):
    row = Row("temperature_celsius", {"room": "hall"}, unit="celsius")
    return DeadLetter(output, 1000, make_origin(), row, value, 900, reason)


def test_letters_are_listed_newest_first():
    """By output or all together, and one by its id, with the server's words and all that a replay needs."""
    store = MemoryDeadLetters()
    store.add([letter("a", "one"), letter("b", "two")])
    store.add([letter("a", "three")])
    assert [kept.reason for kept in store.list()] == ["three", "two", "one"]
    assert [kept.reason for kept in store.list("a", limit=1)] == ["three"]
    assert store.list("nobody") == []
    newest = store.list()[0]
    assert store.show(newest.id) == newest
    assert (newest.output, newest.ts, newest.row.labels) == ("a", 900, (("room", "hall"),))
    assert newest.origin.task == "task-1"
    assert store.show(12345) is None


def test_purging_counts():
    """An output's letters go without touching another's; an empty store takes letters again."""
    store = MemoryDeadLetters()
    store.add([letter("a"), letter("a"), letter("b")])
    assert store.purge("a") == 2
    assert (store.count(), store.count("a"), store.count("b")) == (1, 0, 1)
    assert store.purge() == 1
    store.add([letter("a")])
    assert store.count() == 1
    assert store.evicted == {}


def test_the_oldest_letters_give_way_and_are_counted():
    """Above the cap the oldest go, counted by output."""
    store = MemoryDeadLetters(letters=3)
    store.add([letter(value=float(n)) for n in range(5)])
    assert [kept.value for kept in store.list()] == [4.0, 3.0, 2.0]
    assert store.evicted == {"a": 2}


def test_bytes_are_capped_too():
    """Long words of a server cannot fill the memory."""
    store = MemoryDeadLetters(size=10_000)
    store.add([letter(reason="x" * 3000) for _ in range(50)])
    assert store.count() == 3
    assert store.evicted == {"a": 47}


def test_one_flooding_output_does_not_push_out_the_letters_of_others():
    """Who has most letters gives first."""
    store = MemoryDeadLetters(letters=10)
    store.add([letter("quiet", "important")])
    store.add([letter("loud") for _ in range(100)])
    assert [kept.reason for kept in store.list("quiet")] == ["important"]
    assert store.evicted == {"loud": 91}
