"""What one start of the disk buffer leaves to the next: names for its numbers, and the notes of outputs."""

from shutil import copytree

from orbital_buffer.inspection.reports.verify import Verification
from orbital_buffer.inspection.sources.audit import Audit
from orbital_buffer.inspection.sources.directory import Directory
from orbital_buffer.model.limits import BufferLimits
from orbital_runtime.clock import ManualClock
from orbital_runtime_testing.buffer.tools import UNLIMITED, take
from orbital_sdk.testing import make_batch, make_layout


async def grown(buffer):
    """The number of a batch that it takes now."""
    buffer.attach("a")
    await buffer.append([make_batch(1)])
    return (await take(buffer, "a")).entries[-1].seq


async def test_a_start_has_a_name_that_no_copy_has(opened):
    """Numbers with names are unique everywhere: a batch keeps its name over restarts, and what two copies
    of a folder take gets other names, though the numbers are the same.
    """
    buffer = await opened()
    known = await grown(buffer)
    numbers, names = set(), {buffer.name(known)}
    for copy in ("first", "second"):
        copytree(buffer.store.path, buffer.store.path.parent / copy)
        other = await opened(copy)
        assert other.name(known) == buffer.name(known)
        numbers.add(number := await grown(other))
        names.add(other.name(number))
    assert (len(numbers), len(names)) == (1, 3)


async def test_notes_outlive_the_process(opened):
    """What an output noted is there after a kill, until the output is removed."""
    buffer = await opened()
    for output in ("a", "b"):
        buffer.attach(output)
        await buffer.note(output, b"first")
    await buffer.note("a", b"second")
    copytree(buffer.store.path, buffer.store.path.parent / "after")
    after = await opened("after")
    assert [after.noted(output) for output in ("a", "b", "c")] == [b"second", b"first", b""]
    after.detach("b")
    assert after.noted("b") == b""


async def test_a_clock_that_was_set_back_keeps_nothing_for_ever(opened):
    """What was stored while the clock was a month ahead ages from the next start on, and so does what comes
    behind it.
    """
    clock, limits = ManualClock(), BufferLimits(samples=None, size=None, age=60.0)
    clock.advance(30 * 86_400)
    buffer = await opened(limits=limits, clock=clock)
    buffer.attach("a")
    await buffer.append([make_batch(1)])
    await buffer.close()
    clock.advance(-30 * 86_400)
    again = await opened(limits=limits, clock=clock)
    again.attach("a")
    clock.advance(59)
    await again.append([make_batch(2)])
    assert again.waiting("a") == 3
    assert again.unsent("a").age == 59
    clock.advance(2)
    assert again.usage().samples == 2
    clock.advance(59)
    assert again.usage().samples == 0
    assert again.ledger.account("a").dropped == {"age": 3}


async def test_parts_of_layouts_outlive_the_process(opened):
    """Each is there after a kill, with its own rows and values, and the audit finds nothing."""
    buffer, layout = await opened(), make_layout(5)
    buffer.attach("a")
    await buffer.append([make_batch([1, 2], layout=layout.part(3, 5))])
    await buffer.append([make_batch(5, layout=layout), make_batch([7], layout=layout.part(1, 2))])
    copytree(buffer.store.path, buffer.store.path.parent / "after")
    with Directory(buffer.store.path.parent / "after", UNLIMITED) as directory:
        audit = Audit(directory)
        verdict = Verification(audit, audit.damage).run()
    assert verdict.good, verdict.findings
    assert (verdict.batches, verdict.layouts) == (3, 1)
    after = await opened("after")
    batches = [entry.batch for entry in (await take(after, "a")).entries]
    wanted = [layout.rows[3:5], layout.rows, layout.rows[1:2]]
    assert [[row.key for row in b.layout.rows] for b in batches] == [
        [row.key for row in rows] for rows in wanted
    ]
    assert [*batches[0].values, *batches[2].values] == [1, 2, 7]
