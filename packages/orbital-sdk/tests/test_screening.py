"""What is taken out of a call and what is left of it make up the call, whoever refuses what."""

from hypothesis import given
from hypothesis import strategies as st

from orbital_sdk import NotWritten, Refusal, Refused, Written
from orbital_sdk.screening import screen
from orbital_sdk.testing import make_batch, make_layout

LAYOUT = make_layout(4)
CALLS = st.lists(st.sets(st.integers(0, 3)), max_size=5)


def call_of(bad: list[set[int]], *, own_times: bool = False):
    """Batches whose values say where they stand, and which of their rows are at fault."""
    times = [1, 2, 3, 4] if own_times else None
    batches = [
        make_batch([10.0 * n + row for row in range(4)], layout=LAYOUT, times=times)
        for n in range(len(bad))
    ]
    faults = {
        id(batch): dict.fromkeys(rows, "bad") for batch, rows in zip(batches, bad, strict=True)
    }
    return batches, lambda batch: faults[id(batch)]


@given(bad=CALLS, own_times=st.booleans())
def test_each_sample_is_left_or_refused(bad, own_times):
    """None is in both, none is in neither, and each keeps its value, its series and its time."""
    batches, faults = call_of(bad, own_times=own_times)
    screened = screen(batches, faults)
    left = [(row, ts, value) for batch in screened.batches for row, ts, value in batch.items()]
    out = [(one.batch, one.row) for one in screened.refused]
    assert sorted(out) == [(n, row) for n, rows in enumerate(bad) for row in sorted(rows)]
    assert left == [
        sample
        for n, batch in enumerate(batches)
        for row, sample in enumerate(batch.items())
        if row not in bad[n]
    ]


@given(bad=CALLS, data=st.data())
def test_refusals_of_what_is_left_are_named_by_their_place_in_the_call(bad, data):
    """The destination numbers what it was given; the sender hears the numbers of what it gave."""
    batches, faults = call_of(bad)
    screened = screen(batches, faults)
    places = [(n, row) for n, batch in enumerate(screened.batches) for row in range(len(batch))]
    more = data.draw(st.lists(st.sampled_from(places), unique=True)) if places else []
    named = {(one.batch, one.row) for one in screened.refused}
    named |= {divmod(int(screened.batches[n].values[row]), 10) for n, row in more}

    answer = screened.send(lambda _: Written(7, [Refused(n, row, "worse") for n, row in more]))
    assert answer.bytes == 7
    assert {(one.batch, one.row) for one in answer.refused} == named


def test_a_refusal_of_everything_stays_one():
    """Nothing of what was left is stored: the sender must look for the bad ones itself."""
    batches, faults = call_of([{0}])
    refusal = NotWritten("all of it", Refusal.DOUBTFUL)
    assert screen(batches, faults).send(lambda _: refusal) is refusal
