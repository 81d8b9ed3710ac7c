"""What writers answer."""

import pytest

from orbital_sdk import NotWritten, Refusal, Refused, Written
from orbital_sdk.contract.written import misfit
from orbital_sdk.secrecy import forget, hold
from orbital_sdk.testing import make_batch

BATCHES = [make_batch(2), make_batch(1)]


@pytest.mark.parametrize(
    "answer",
    [
        Written(0),
        Written(16, [Refused(0, 1, "too old"), Refused(1, 0, "have it", Refusal.THERE)]),
        *(NotWritten("no", refusal) for refusal in Refusal),
    ],
)
def test_what_fits_its_call_is_right(answer):
    """All that was given may be refused, one by one or together, in every class there is."""
    assert misfit(answer, BATCHES) == ""


@pytest.mark.parametrize(("batch", "row"), [(2, 0), (1, 1), (0, 2), (-1, 0), (0, -1)])
def test_a_sample_that_was_not_given_cannot_be_refused(batch, row):
    """The words tell the author which one, and how to count."""
    answer = Written(16, [Refused(0, 1, "bad"), Refused(batch, row, "bad")])
    said = misfit(answer, BATCHES)
    assert f"batch={batch}, row={row}" in said
    assert "names no sample of the call; batch and row count from 0" in said


def test_no_answer_shows_a_secret():
    """Destinations repeat what they were sent, and reasons go to logs and dead letters."""
    hold("test", ["open sesame"])
    try:
        reasons = [
            Refused(0, 0, "user open sesame").reason,
            NotWritten("user open sesame", Refusal.BAD).reason,
        ]
    finally:
        forget()
    assert reasons == ["user ***", "user ***"]
