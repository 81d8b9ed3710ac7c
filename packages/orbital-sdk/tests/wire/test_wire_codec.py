"""Messages as bytes."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbital_sdk import wire
from orbital_sdk.wire.limits import MESSAGE

some = settings(max_examples=50, deadline=None)


def test_the_frame():
    """Its length in four bytes, little endian, and a map with its type."""
    done = wire.encode(wire.answers.Done(7))
    assert done == b"\x11\x00\x00\x00" + msgspec.msgpack.encode({"type": "done", "call": 7})


@some
@given(st.lists(st.integers(0, 200), max_size=8), st.data())
def test_messages_come_in_pieces(sizes, data):
    """However a stream is cut, each message comes out once, whole and in order."""
    messages = [wire.answers.Tested(call, "x" * size) for call, size in enumerate(sizes)]
    stream = b"".join(map(wire.encode, messages))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    bodies, came = wire.Bodies(), []
    for start, stop in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        came += [wire.from_program(body) for body in bodies.feed(stream[start:stop])]
    assert came == messages


def test_what_is_too_long_is_not_sent():
    """And whoever speaks of so many bytes is not listened to any longer."""
    with pytest.raises(wire.TooLarge, match="67,108,864 may cross"):
        wire.encode(wire.calls.Start(1, 1, "plugin", "x", {"blob": "x" * MESSAGE}, 10.0))
    with pytest.raises(wire.Malformed, match="4,294,967,295 bytes"):
        list(wire.Bodies().feed(b"\xff" * 4))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"", "truncated"),
        (b"\xc1", "not a message"),
        (msgspec.msgpack.encode(["done", 7]), "Expected `object`"),
        (msgspec.msgpack.encode({"call": 7}), "missing required field `type`"),
        (msgspec.msgpack.encode({"type": "dance", "call": 7}), "Invalid value 'dance'"),
        (msgspec.msgpack.encode({"type": "done"}), "missing required field `call`"),
        (msgspec.msgpack.encode({"type": "done", "call": -1}), "Expected `int` >= 0"),
        (msgspec.msgpack.encode({"type": "done", "call": "7"}), r"Expected `int`.*\$.call"),
        (msgspec.msgpack.encode({"type": "done", "call": 7}) + b"x", "trailing"),
        (msgspec.msgpack.encode({"type": "tested", "call": 7, "said": "x" * 20_000}), "length"),
        (b"\x82\xa4type\xa4done\xa1x" + b"\x91" * 100_000, "recursion"),
    ],
)
def test_what_is_no_message_is_refused_in_words(said, words):
    """Rubbish ends a connection; it never becomes anything else."""
    with pytest.raises(wire.Malformed, match=words):
        wire.from_program(said)


@some
@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused(said):
    """Nothing else is ever raised."""
    for read in (wire.from_agent, wire.from_program):
        try:
            read(said)
        except wire.Malformed:
            continue


def test_what_is_not_known_is_passed_over():
    """A later agent may say more: fields may be added within a contract."""
    said = {"type": "done", "call": 7, "took": 0.5, "more": {"of": ["it"]}}
    assert wire.from_program(msgspec.msgpack.encode(said)) == wire.answers.Done(7)
