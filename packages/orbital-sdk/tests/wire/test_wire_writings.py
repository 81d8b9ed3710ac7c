"""What a writer answers, over the border and back."""

from typing import get_args, get_type_hints

import pytest

from orbital_sdk import NotWritten, Refusal, Refused, Written, wire
from orbital_sdk.wire import answers
from orbital_sdk.wire.writings import answered, told


@pytest.mark.parametrize(
    "answer",
    [
        Written(512),
        Written(0, [Refused(0, 3, "too old"), Refused(1, 0, "there", Refusal.THERE)]),
        *(NotWritten("400: no", refusal) for refusal in Refusal),
    ],
)
def test_an_answer_crosses_unchanged(answer):
    """Which samples, in whose words, and what may be concluded."""
    (body,) = wire.Bodies().feed(wire.encode(told(7, answer)))
    message = wire.from_program(body)
    assert (message.call, answered(message)) == (7, answer)


def test_the_set_of_refusals_is_the_sdks():
    """It is closed: another one would be another contract."""
    assert {*get_args(get_type_hints(answers.NotWritten)["refusal"])} == {*Refusal}


def test_a_book_is_cut():
    """A server may answer with one."""
    assert len(told(1, NotWritten("x" * 10**6, Refusal.DOUBTFUL)).reason) < 10**5
