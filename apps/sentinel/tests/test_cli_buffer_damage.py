"""`sentinel buffer` on a folder that is damaged, copied, or mended."""

from __future__ import annotations

import json
import signal

from orbital_buffer.format.stored import RECORD
from orbital_buffer.store.rocks.rocksdb import RocksStore
from orbital_runtime_testing.buffer.images import BATCHES, ROWS, listing, make_image, values

from .test_cli_buffer import book, configure, status


def spoil_a_record(folder):
    """Change a byte of one stored record; gives how many samples that costs."""
    store = RocksStore(folder / "db")
    *_, (key, data) = store.scan(RECORD)
    store.write([(key, data[:-1] + bytes((data[-1] ^ 0x55,)))])
    store.close()
    return 2 * ROWS


def test_damage_is_told_and_skipped(machine, site):
    """By a running agent that has not read it yet, and in its folder: the same record, and all else comes."""
    make_image(machine.work / "buffer")
    lost = spoil_a_record(machine.work / "buffer")
    configure(machine, site, outputs=("file",))
    with machine.running() as agent:
        agent.until_running()
        verdict = machine.sentinel("buffer", "verify")
        lines = machine.sentinel("buffer", "export", "--output", "b")
        assert agent.ended(signal.SIGTERM) == 0
    for done in (verdict, machine.sentinel("buffer", "verify")):
        assert done.code == 1
        assert f"({lost} samples): wrong checksum" in done.out
        assert f"{lost} are missing" in done.out
    for done in (lines, machine.sentinel("buffer", "export", "--output", "b")):
        assert done.code == 1
        assert len(done.out.splitlines()) == BATCHES * ROWS - lost
        assert "left out: record" in done.err
        assert "wrong checksum" in done.err


def test_a_folder_that_belongs_to_nobody(machine):
    """--path looks at a copy, without any configuration, and needs no right to write there."""
    make_image(machine.root / "copy")
    before = listing(machine.root / "copy")
    told = machine.sentinel("buffer", "status", "--path", str(machine.root / "copy"))
    assert f"{BATCHES * ROWS:,} samples" in told.out
    assert machine.sentinel("buffer", "verify", "--path", str(machine.root / "copy")).code == 0
    assert listing(machine.root / "copy") == before


def stored_values(machine):
    """Value and time of each sample of the image that the file has, sorted."""
    file = machine.root / "samples.jsonl"
    whole, _, _ = file.read_text().rpartition("\n") if file.exists() else ("", "", "")
    samples = [json.loads(line) for line in whole.splitlines()]
    return sorted((s["ts"], s["value"]) for s in samples if s["ts"] < BATCHES)


def test_out_of_the_quarantine(machine, site):
    """A record that an agent set aside is put right, recovered once, and delivered by the next agent."""
    folder = machine.work / "buffer"
    make_image(folder)
    store = RocksStore(folder / "db")
    *_, (_, good) = store.scan(RECORD)
    store.close()
    lost = spoil_a_record(folder)
    configure(machine, site, outputs=("b",))
    with machine.running() as agent:
        agent.until_running()
        agent.until(lambda: len(stored_values(machine)) == BATCHES * ROWS - lost, "the others")
        running = machine.sentinel("buffer", "recover", "buffer/quarantine")
        assert (running.code, running.out) == (1, "")
        assert "stop it" in running.err
        assert agent.ended(signal.SIGTERM) == 0
    assert "nothing in" in machine.sentinel("buffer", "recover", "buffer/quarantine").err
    assert "not a folder of this" in machine.sentinel("buffer", "recover", "buffer/db").err
    (record,) = folder.glob("quarantine/*.record")
    record.write_bytes(good)
    unknown = machine.sentinel("buffer", "recover", "buffer/quarantine", "--output", "x")
    assert "an output 'x'; there is: a, b" in unknown.err
    done = machine.sentinel("buffer", "recover", "buffer/quarantine")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[1:] == [
        f"Output {name}: {lost} samples wait to be delivered." for name in "ab"
    ]
    again = machine.sentinel("buffer", "recover", "buffer/quarantine", "--output-format", "json")
    assert again.data["samples"] == {}
    assert again.data["batches"] == 2
    told = book(status(machine), "b")
    assert (told["waiting"], told["recovered"], told["dropped"]) == (
        lost,
        lost,
        {"quarantined": lost},
    )
    with machine.running() as agent:
        agent.until_running()
        agent.until(lambda: len(stored_values(machine)) >= BATCHES * ROWS, "what came back")
        assert agent.ended(signal.SIGTERM) == 0
    assert stored_values(machine) == sorted((t, v) for t in range(BATCHES) for v in values(t))
