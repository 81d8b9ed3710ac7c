"""Errors over the border and back."""

from typing import get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbital_sdk import (
    AuthenticationFailed,
    BufferRefused,
    CollectError,
    ConfigurationError,
    DeviceUnreachable,
    EmissionTooLarge,
    OrbitalError,
    PartialCollect,
    ReceiverStopped,
    Refusal,
    UnexpectedReply,
    WriteError,
    WriterMisconfigured,
    WriterUnavailable,
    errors,
    wire,
)
from orbital_sdk.calling.invoke import TooManySamples
from orbital_sdk.contract.written import OF_A_SAMPLE
from orbital_sdk.wire.errors import FIELDS
from orbital_sdk.wire.limits import WORDS

some = settings(max_examples=50, deadline=None)

EXAMPLES = [
    OrbitalError("no"),
    ConfigurationError("no such file", field="tls.ca_file"),
    ConfigurationError("no"),
    CollectError("no"),
    DeviceUnreachable("ups1: no answer"),
    AuthenticationFailed("ups1: no"),
    UnexpectedReply("ups1: what?"),
    PartialCollect("ups1: outlets", failed=3),
    ReceiverStopped("task ups1"),
    EmissionTooLarge("too large", limit=5, given=6),
    BufferRefused("it is full"),
    WriteError("no"),
    WriterUnavailable("down", retry_after=0.5, sent=False),
    WriterUnavailable("down"),
    WriterMisconfigured("401"),
]


def crossed(error):
    """As bytes, and back."""
    sent = wire.encode(wire.answers.Failed(1, wire.packed(error)))
    (body,) = wire.Bodies().feed(sent)
    return wire.unpacked(wire.from_program(body).error)


def tree(cls=OrbitalError):
    return [cls, *(one for sub in cls.__subclasses__() for one in tree(sub))]


@pytest.mark.parametrize("error", EXAMPLES, ids=repr)
def test_an_error_crosses_with_its_fields(error):
    """Its class says what the agent does next, so it has to be the same one."""
    after = crossed(error)
    assert (type(after), str(after), vars(after)) == (type(error), str(error), vars(error))
    assert set(vars(error)) - {"samples"} == set(FIELDS[type(error)])


def test_every_error_of_the_sdk_crosses():
    """One that is new has its place in `FIELDS`."""
    every = {cls for cls in tree() if cls.__module__ == errors.__name__}
    assert every == {*FIELDS} == {*map(type, EXAMPLES)}


def test_every_class_of_a_refusal_crosses():
    """Of a request, and of a single sample."""
    kinds = [
        get_type_hints(cls)["refusal"] for cls in (wire.answers.NotWritten, wire.answers.Refused)
    ]
    assert [{*get_args(kind)} for kind in kinds] == [{*Refusal}, {*OF_A_SAMPLE}]


def test_a_derived_error_is_the_one_of_the_sdk_that_it_is():
    """Whatever a library of the plugin's calls it."""
    after = crossed(TooManySamples(10, 12))
    assert type(after) is PartialCollect
    assert str(after) == str(TooManySamples(10, 12))


def test_a_class_of_later_is_the_next_one_that_is_known():
    """So the SDK may get finer classes without a new contract."""
    told = wire.Error(("DeviceAsleep", "DeviceUnreachable", "CollectError"), "asleep")
    assert type(wire.unpacked(told)) is DeviceUnreachable


def test_any_other_error_is_a_bug():
    """It is told as one, with its traceback for the log."""
    after = wire.unpacked(wire.packed(KeyError("charge"), trace="Traceback: …"))
    assert isinstance(after, wire.Bug)
    assert (str(after), after.trace) == ("KeyError: 'charge'", "Traceback: …")
    assert isinstance(wire.unpacked(wire.Error(("Nonsense",), "what?")), wire.Bug)


@some
@given(st.text(max_size=50))
def test_any_text_crosses(text):
    """Half of a surrogate pair becomes a question mark: an error must never be the reason for another."""
    assert str(crossed(DeviceUnreachable(text))) == text.encode(errors="replace").decode()


def test_a_book_is_cut():
    """A device may answer with one."""
    assert len(str(crossed(DeviceUnreachable("x" * 10 * WORDS)))) == WORDS
    assert len(wire.packed(KeyError("x"), trace="y" * 10**6).trace) < 10**5
