"""The state machine of an attempt: whatever is answered, each sample ends in exactly one way, and soon."""

from __future__ import annotations

import math
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from orbital_buffer.model.chunk import Entry
from orbital_runtime.sender.refusals.bisection import Bisection
from orbital_runtime.sender.refusals.credibility import Credibility, Undecided, Witness
from orbital_runtime.sender.refusals.groups import whole
from orbital_runtime.sender.refusals.repeated_errors import SERIES, RepeatedErrors, is_same
from orbital_sdk import (
    NotWritten,
    Refusal,
    Refused,
    WriterMisconfigured,
    WriterUnavailable,
    Written,
)
from orbital_sdk.testing import make_batch

SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=8)
FAULT = "500: internal"
PROXY = "400: not here"


def chunk(sizes):
    return whole(Entry(seq, make_batch(size, ts=seq)) for seq, size in enumerate(sizes, 1))


def rows_of(group):
    return {(part.seq, part.start + row) for part in group for row in range(len(part.batch))}


class Destination:
    """Answers each step as `answer` does: a group of rows, or the number from which a witness is wanted.

    `heard` has the steps with what was given or raised for them.
    """

    def __init__(self, answer):
        self.answer, self.heard = answer, []
        self.credibility = Credibility(self)

    async def __call__(self, step):
        try:
            given = self.answer(step)
        except Exception as error:
            self.heard.append((step, error))
            raise
        self.heard.append((step, given))
        return given

    async def play(self, bisection):
        """Deliver a chunk; returns the steps, and the error that ended it all."""
        self.heard = []
        try:
            await self.credibility.deliver(bisection, self)
        except Exception as error:  # noqa: BLE001 (the machine's end)
            return self.heard, error
        return self.heard, None


SUSPECT = partial(is_same, FAULT)


@st.composite
def answers(draw, group):
    """Anything that a writer may answer or raise."""
    kind = draw(st.sampled_from(["all", "some", "none", "raise", *Refusal]))
    words = draw(st.sampled_from([PROXY, "another"]))
    match kind:
        case "all":
            return Written(1)
        case "some" | "none":
            every = [(b, row) for b, part in enumerate(group) for row in range(len(part.batch))]
            named = every if kind == "none" else draw(st.lists(st.sampled_from(every)))
            own = draw(st.sampled_from([Refusal.BAD, Refusal.THERE]))
            return Written(0, [Refused(b, row, words, own) for b, row in named])
        case "raise":
            return draw(
                st.sampled_from([WriterUnavailable(FAULT), WriterUnavailable("gone", sent=False)])
            )
        case refusal:
            return NotWritten(words, refusal)


@given(SIZES, st.data(), st.booleans(), st.integers(0, 20))
async def test_each_sample_ends_in_exactly_one_way(sizes, data, suspect, requests):
    """Delivered, refused, or it waits, whatever comes: what was taken is neither sent again nor refused."""
    group, doubtful = chunk(sizes), data.draw(st.sets(st.integers(1, len(sizes))))
    bisection = Bisection(
        group, doubtful=doubtful, requests=requests, suspect=SUSPECT if suspect else None
    )
    taken, there = set(), set()

    def answer(step):
        if isinstance(step, int):
            told = data.draw(answers(chunk([1])))
            if isinstance(told, Exception):
                raise told
            return data.draw(st.sampled_from([None, Witness(step, 1, step + 9, told)]))
        sent, told = rows_of(step), data.draw(answers(step))
        assert sent <= rows_of(group) - taken
        if isinstance(told, Exception):
            raise told
        if isinstance(told, Written):
            named = {(step[one.batch].seq, step[one.batch].start + one.row) for one in told.refused}
            taken.update(sent - named)
        if getattr(told, "refusal", None) is Refusal.THERE or isinstance(told, Written):
            there.update(row for row in sent if row[0] in doubtful)
        return told

    heard, error = await Destination(answer).play(bisection)
    refused = [(row.seq, row.row) for row in bisection.refused]
    waits = {row for row in rows_of(group) if row[0] in bisection.left}
    assert len(refused) == len(set(refused))
    assert not waits.intersection(refused)
    assert not taken.intersection(refused)
    assert rows_of(group) - waits - set(refused) <= taken | there
    assert (error is not None) == bool(bisection.left)
    looks = sum(isinstance(step, int) for step, _ in heard)
    assert len(heard) - looks <= 4 * sum(sizes)


@given(
    SIZES,
    st.sampled_from([Refusal.DOUBTFUL, Refusal.TOO_LARGE]),
    st.lists(st.booleans(), min_size=1, max_size=5),
    st.integers(0, 30),
)
async def test_who_refuses_everything_costs_nothing(sizes, refusal, witnesses, requests):
    """A proxy with one answer to all: everything waits, after each look, with and without a witness."""
    answer, destination = NotWritten(PROXY, refusal), Destination(None)
    for there in witnesses:
        bisection = Bisection(chunk(sizes), requests=requests)
        destination.answer = lambda step, there=there: (
            answer
            if not isinstance(step, int)
            else Witness(step, 1, step + 1, answer)
            if there
            else None
        )
        heard, error = await destination.play(bisection)
        assert (bisection.refused, bisection.left) == ([], set(range(1, len(sizes) + 1)))
        assert isinstance(error, WriterMisconfigured)
        assert PROXY in str(error)
        assert isinstance(heard[-1][0], int)
    asked = any(witnesses)
    assert isinstance(error, Undecided) is not asked


@given(SIZES, st.data())
async def test_a_bad_sample_is_found_soon(sizes, data):
    """In twice the logarithm of the samples at most, and one more request for an error that it gets again."""
    group = chunk(sizes)
    bad = data.draw(st.sampled_from(sorted(rows_of(group))))
    most = 2 * math.ceil(math.log2(sum(sizes))) + 2 * math.ceil(math.log2(max(sizes))) + 1

    def refuse(step):
        if isinstance(step, int):
            return Witness(step, 1, step + 1, Written(1))
        return NotWritten(PROXY, Refusal.DOUBTFUL) if bad in rows_of(step) else Written(1)

    def fail(step):
        if bad in rows_of(step):
            raise WriterUnavailable(FAULT)
        return Written(1)

    bisection = Bisection(group)
    heard, error = await Destination(refuse).play(bisection)
    assert error is None
    assert [(row.seq, row.row) for row in bisection.refused] == [bad]
    assert len(heard) <= most + 1  # and a witness, if it was alone

    repeats = RepeatedErrors()
    for _ in range(SERIES):
        bisection = Bisection(group, suspect=repeats.suspect(group))
        heard, error = await Destination(fail).play(bisection)
        repeats.ended(bisection, error)
        assert len(heard) == 1
    bisection = Bisection(group, suspect=repeats.suspect(group))
    heard, error = await Destination(fail).play(bisection)
    if bisection.understood and error is None:
        assert [(row.seq, row.row) for row in bisection.refused] == [bad]
    assert not bisection.left or bisection.undecided
    assert len(heard) <= most + 1


class Names(list):
    """What is not a batch: names, some of which a server does not know."""

    def part(self, start, stop):
        return Names(self[start:stop])


async def test_whatever_has_a_length_and_parts_can_be_sent_so():
    """The machine knows nothing of batches: who sends lists of names learns which of them were refused."""
    names, known = Names("abcdefgh"), []

    async def send(step):
        (part,) = step
        if "f" in part.batch:
            return NotWritten("unknown", Refusal.DOUBTFUL)
        known.extend(part.batch)
        return Written(1)

    bisection = Bisection(whole([(1, names)]))
    await bisection.run(send)
    assert [(names[row.row], row.reason) for row in bisection.refused] == [("f", "unknown")]
    assert known == list("abcdegh")


async def test_many_refusals_are_no_outage():
    """Thirty refused batches, one that makes the destination fail, and a good one behind them: the search
    goes on to the good one. Only errors in a row count as an outage, not refusals between them.
    """
    bisection = Bisection(chunk([1] * 32), suspect=SUSPECT)

    def answer(step):
        seqs = {part.seq for part in step}
        if min(seqs) <= 30:
            return NotWritten("400: bad", Refusal.DOUBTFUL)
        if 31 in seqs:
            raise WriterUnavailable(FAULT)
        return Written(1)

    heard, error = await Destination(answer).play(bisection)
    assert (error, bisection.left) == (None, set())
    assert [row.seq for row in bisection.refused] == [*range(1, 32)]
    assert len(heard) < 80


async def test_a_proof_for_one_chunk_is_none_for_older_ones():
    """Once others were stored, a proxy that gives the text of an earlier refusal costs no older chunk."""
    proxy = False

    def answer(step):
        if isinstance(step, int):
            refusal = NotWritten(PROXY, Refusal.DOUBTFUL)
            return Witness(step, 1, step + 1, refusal if proxy else Written(1))
        bad = proxy or step[0].seq == 100
        return NotWritten(PROXY, Refusal.DOUBTFUL) if bad else Written(1)

    to = Destination(answer)
    for seq in (100, 150):
        await to.play(Bisection(whole([Entry(seq, make_batch(4))])))
    proxy = True
    older = Bisection(whole([Entry(50, make_batch(4))]))
    _, error = await to.play(older)
    assert isinstance(error, WriterMisconfigured)
    assert (older.left, older.refused) == ({50}, [])
