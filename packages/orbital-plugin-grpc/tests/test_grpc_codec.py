"""Both wires carry the same: each message crosses in plugin.proto as it is in `orbital_sdk.wire`."""

from functools import cache
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import NODEFAULT, UNSET, inspect

from orbital_plugin_grpc.codec import FROM_AGENT, FROM_PROGRAM
from orbital_plugin_grpc.forms import WRITERS
from orbital_sdk import wire
from orbital_sdk.wire import answers, calls
from orbital_sdk.wire.columns import doubles, integers
from orbital_sdk.wire.limits import MESSAGE

PLAIN = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=8)
JSON = PLAIN | st.lists(PLAIN, max_size=2) | st.dictionaries(st.text(max_size=3), PLAIN, max_size=2)
CODECS = {calls.FromAgent: FROM_AGENT, answers.FromProgram: FROM_PROGRAM}
MESSAGES = [
    pytest.param(cls, codec, id=cls.__name__)
    for union, codec in CODECS.items()
    for cls in get_args(union)
    if cls not in WRITERS
]


def column(name):
    """Bytes of numbers, whatever their bits are."""
    cells = st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5).map(integers)
    return cells if name == "times" else cells | st.lists(st.floats(), max_size=5).map(doubles)


@cache
def built(cls):
    return st.deferred(
        lambda: st.builds(cls, **{f.name: field(f) for f in inspect.type_info(cls).fields})
    )


def field(one):
    """Its values. An empty list is the same as one that is left out, where it may be."""
    some = values(one.type, one.name)
    if one.required or one.default in ((), b""):
        return some
    default = UNSET if one.default is NODEFAULT else one.default
    return st.just(default) | some.map(lambda value: default if value in ((), b"") else value)


def values(kind, name=""):  # noqa: PLR0911 (one for each type)
    match kind:
        case inspect.StructType(cls=cls):
            return built(cls)
        case inspect.UnionType(types=kinds):
            if {*map(type, kinds)} == {inspect.IntType, inspect.FloatType}:
                return st.integers(-(2**53), 2**53) | st.floats(allow_nan=False)  # doubles
            return st.one_of([values(each, name) for each in kinds])
        case inspect.VarTupleType(item_type=item, min_length=least):
            most = 1 if name == "fields" else 3  # inside of which are others
            return st.lists(values(item), min_size=least or 0, max_size=most).map(tuple)
        case inspect.TupleType(item_types=kinds):
            return st.tuples(*map(values, kinds))
        case inspect.BytesType():
            return column(name)
        case _:
            return simple(kind)


def simple(kind):  # noqa: PLR0911 (as above)
    match kind:
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType(ge=least, le=most, lt=end):
            most = end - 1 if end is not None else 2**63 - 1 if most is None else most
            return st.integers(least or 0, most)
        case inspect.FloatType(ge=least):
            return st.floats(min_value=least, allow_nan=False)
        case inspect.StrType():
            return st.text(max_size=8)
        case inspect.LiteralType(values=words):
            return st.sampled_from(words)
        case inspect.DictType():
            return st.dictionaries(st.text(max_size=8), JSON, max_size=3)
        case _:
            return JSON


@pytest.mark.parametrize(("cls", "codec"), MESSAGES)
def test_a_message_crosses_unchanged(cls, codec):
    """To plugin.proto and back, whatever it holds."""

    @settings(max_examples=10)
    @given(built(cls))
    def crosses(message):
        assert codec.decode(codec.encode(message)) == [message]

    crosses()


@settings(max_examples=10)
@given(st.lists(built(calls.Collect), max_size=5))
def test_joined_messages_are_one(messages):
    """What waits is joined: whoever reads it gets each in order."""
    body = b"".join(map(FROM_AGENT.encode, messages))
    assert FROM_AGENT.decode(body) == messages


def test_a_column_has_the_bytes_of_frames():
    """Doubles are packed, little endian: bit for bit, the stale marker included."""
    column = bytes.fromhex("020000000000f07f") + doubles([1.5, float("inf")])
    samples = wire.answers.Collected(1, (wire.records.Samples(0, column),))
    assert column in FROM_PROGRAM.encode(samples)
    assert FROM_PROGRAM.decode(FROM_PROGRAM.encode(samples)) == [samples]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"\xff\xff\xff", "Error parsing message"),
        (b"\x0a\x00", "type"),
        (bytes.fromhex("0a021a00"), "error"),
    ],
    ids=["rubbish", "a message of no type", "a message that lacks"],
)
def test_what_is_no_message(body, words):
    """It is told apart, as in frames."""
    with pytest.raises(wire.Malformed, match=words):
        FROM_PROGRAM.decode(body)


def test_a_message_that_is_too_long():
    """Nothing of it is sent."""
    with pytest.raises(wire.TooLarge, match="may cross"):
        FROM_AGENT.encode(calls.Device(1, 1, 1, {"name": "x" * MESSAGE}))
