"""The agent's calls over a connection: each gets its answer, whatever the program does."""

import asyncio

import pytest

from orbital_plugin_host.remote.calls import MOST_EMITS, Calls, ProgramLost
from orbital_plugin_host.remote.instance import Instance, OwnMetrics
from orbital_sdk import BufferRefused, DeviceUnreachable, Metric, wire
from orbital_sdk.wire import answers, calls

RUN = 1, "task", "device", 10.0, 10.0


async def test_answers_find_their_calls_in_any_order(greeted):
    """Two sessions, the second one quicker."""
    program, asked = await greeted()
    first, second = (
        asyncio.ensure_future(asked.ask(answers.Collected, calls.Collect, *RUN)) for _ in range(2)
    )
    await program.next(calls.Collect, 2)
    for number in (2, 1):
        program.give(answers.Collected(number))
    assert [(await first).call, (await second).call] == [1, 2]


async def test_what_the_program_raised_is_raised_here(greeted):
    """By its class, so that the agent does what it means; of a bug the traceback comes along."""
    program, asked = await greeted()
    for error, kind, said in [
        (wire.packed(DeviceUnreachable("ups1: no answer")), DeviceUnreachable, "ups1: no answer"),
        (wire.packed(KeyError("x"), trace="line 7"), wire.Bug, "KeyError: 'x'"),
    ]:
        asking = asyncio.ensure_future(asked.ask(answers.Done, calls.Open, 1, 1.0))
        program.give(answers.Failed((await program.next(calls.Open)).call, error))
        program.said.clear()
        with pytest.raises(kind, match=said) as caught:
            await asking
    assert "line 7" in caught.value.__notes__[0]


async def test_a_cancelled_call_is_over_when_the_program_says_so(greeted):
    """So its session gets no second call at once; cancelled again, it is left alone."""
    program, asked = await greeted()
    for times in (1, 2):
        asking = asyncio.ensure_future(asked.ask(answers.Collected, calls.Collect, *RUN))
        begun = await program.next(calls.Collect)
        asking.cancel()
        assert (await program.next(calls.Cancel)).call == begun.call
        assert not asking.done()
        if times == 2:
            asking.cancel()
        else:
            program.give(answers.Collected(begun.call))
        with pytest.raises(asyncio.CancelledError):
            await asking
        if times == 2:
            program.give(answers.Collected(begun.call))  # late, and nobody minds
        program.said.clear()
    assert not asked.reason


async def test_a_lost_program_fails_all_that_is_open(greeted):
    """With the reason, and so does what is asked afterwards."""
    program, asked = await greeted()
    asking = asyncio.ensure_future(asked.ask(answers.Collected, calls.Collect, *RUN))
    await program.next(calls.Collect)
    program.receiver.lost("was ended by SIGSEGV")
    for work in (asking, asked.ask(answers.Done, calls.Health)):
        with pytest.raises(ProgramLost, match="the process of plugin 'ups' was ended by SIGSEGV"):
            await work
    assert asked.ended.is_set()


@pytest.mark.parametrize(
    "wrong",
    [
        answers.Done(99),
        answers.Welcome(1, ()),
        answers.Emit(99, 1, ()),
    ],
    ids=lambda wrong: type(wrong).__name__,
)
async def test_a_program_that_breaks_the_contract_is_left(greeted, wrong):
    """The connection is closed, and the reason says what was wrong."""
    program, asked = await greeted()
    program.give(wrong)
    assert program.closed
    assert asked.reason.startswith("does not follow the contract: ")


async def test_an_answer_of_another_kind_is_none(greeted):
    """`done` is not a collection."""
    program, asked = await greeted()
    asking = asyncio.ensure_future(asked.ask(answers.Collected, calls.Collect, *RUN))
    program.give(answers.Done((await program.next(calls.Collect)).call))
    with pytest.raises(ProgramLost, match="answered a call with Done"):
        await asking


async def test_no_contract_in_common(played):
    """The greeting says so."""
    program = played(lambda _: [answers.Welcome(0, ())])
    asked = Calls("it", lambda _: None)
    with pytest.raises(ProgramLost, match="no contract in common"):
        await asked.greet(program.connect, None, "", "test")


TRAPS = Metric("traps_total", kind="counter").series()


def emission(number, value=1.0):
    return answers.Emit(1, number, wire.Outgoing().packed([TRAPS(value)]))


async def serving(greeted, emit):
    program, asked = await greeted()

    def take(records):
        return emit(records)

    work = asyncio.ensure_future(asked.serve(take, 1, "traps", "traps"))
    await program.next(calls.Serve)
    return program, asked, work


async def test_an_emission_is_accepted_when_the_buffer_has_it(greeted):
    """Or refused with the reason, which its sender is told."""
    gate = asyncio.Event()

    async def emit(records):
        await gate.wait()
        if len(taken) == 2:
            raise BufferRefused("the buffer is full")

    taken = []

    def take(records):
        taken.append(records)
        return emit(records)

    program, _, work = await serving(greeted, take)
    program.give(emission(1))
    await asyncio.sleep(0)
    assert not any(isinstance(one, calls.Accepted) for one in program.said)
    gate.set()
    assert (await program.next(calls.Accepted)).emit == 1
    program.give(emission(2))
    refused = await program.next(calls.NotAccepted)
    assert isinstance(wire.unpacked(refused.error), BufferRefused)
    program.give(answers.Done(1))
    await work


async def test_a_program_that_emits_faster_than_the_buffer_takes_is_slowed(greeted):
    """Nothing is read from it until half of what waits is accepted."""
    gates = []

    def take(_):
        gates.append(asyncio.get_running_loop().create_future())
        return gates[-1]

    program, asked, work = await serving(greeted, take)
    for number in range(MOST_EMITS + 1):
        program.give(emission(number))
    assert program.paused
    assert asked.paused
    for gate in gates[: MOST_EMITS // 2 + 1]:
        gate.set_result(None)
    await program.next(calls.Accepted, MOST_EMITS // 2 + 1)
    assert not program.paused
    assert not asked.paused
    for gate in gates[MOST_EMITS // 2 + 1 :]:
        gate.set_result(None)
    program.give(answers.Done(1))
    await work


async def test_what_comes_too_late_is_read_all_the_same(greeted):
    """Messages behind it name the tables that it told."""
    program, asked = await greeted()
    seen = []
    asking = asyncio.ensure_future(asked.collect(seen.extend, *RUN))
    begun = await program.next(calls.Collect)
    asking.cancel()
    await program.next(calls.Cancel)
    program.give(answers.Collected(begun.call, wire.Outgoing().packed([Metric("m", "One")(1)])))
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert len(seen) == 2


async def test_a_receiver_that_was_left_alone_costs_nobody_else(greeted):
    """It takes longer to end than its close may take, and still emits."""
    program, asked = await greeted()
    serving = asyncio.ensure_future(asked.serve(None, 1, "task", "device"))
    begun = await program.next(calls.Serve)
    serving.cancel()
    await program.next(calls.Cancel)
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    program.give(answers.Emit(begun.call, 1, ()))
    assert (await program.next(calls.NotAccepted)).emit == 1
    assert not asked.reason


def test_a_counter_goes_on_after_its_process(host):
    """The next one counts from 0."""
    own, one = OwnMetrics(), Instance("ups", {}, host, None)
    for value in (100.0, 3.0):
        family = answers.Family("counter", "asked_total", "Asked.", (), (((), value),))
        own.take(one, answers.Counts(one.number, (family,)))
        own.end()
    assert host.values() == {("asked_total", ()): 103.0}
