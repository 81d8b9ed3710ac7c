"""Text output of `sentinel buffer`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orbital_sdk.text import plural
from orbital_sentinel.terminal.output import pair, say, sentence
from orbital_sentinel.terminal.table import table
from orbital_sentinel.terminal.wording import ago, counts, number, size, span, when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_buffer.inspection.reports.inspect import Inspection, Segment
    from orbital_buffer.inspection.reports.verify import Verdict
    from orbital_buffer.inspection.snapshot import Books

View = dict[str, Any]


def status(told: View) -> None:
    """Print place and contents of the buffer, and the ledger of each output."""
    place = told["place"]
    pair("buffer", place["path"] if place else "in memory")
    pair("sentinel", "running" if told["running"] else "not running")
    holds = f"{plural(told['samples'], 'sample')} in {plural(told['records'], 'record')}"
    pair("waiting", f"{holds}, {size(told['size'])}, {told['fill']:.0%} full")
    if told["oldest_age"] is not None:
        pair("oldest", f"{span(told['oldest_age'])} old")
    if place:
        pair(
            "on disk",
            f"{size(place['disk'])}, {size(place['free'])} free (min_free {size(place['min_free'])})",
        )
        pair("sync", place["sync"])
        aside = (
            f"{plural(place['quarantined'], 'entry', 'entries')}, {size(place['quarantine_size'])}"
        )
        pair("quarantine", aside if place["quarantined"] else "empty")
    if told["unsaved"]:
        pair("in memory", f"{size(told['unsaved'])} that the disk does not take")
    outputs(told["outputs"])
    for line in [told["trouble"], *told["damage"]]:
        if line:
            sentence(f"! {line}", "red", indent=2)


def recovery(told: View, *, asked: bool) -> None:
    """Print what was recovered, and what was not."""
    say(f"{plural(told['batches'], 'batch', 'batches')} of {told['folder']} can be read.")
    for name, samples in told["samples"].items():
        twice = ", of which some may come twice" if asked else ""
        wait = "waits" if samples == 1 else "wait"
        say(f"Output {name}: {plural(samples, 'sample')} {wait} to be delivered{twice}.")
    if not told["samples"]:
        hint = (
            "" if asked else "; for what an older version set aside, name an output with --output"
        )
        say(f"No output is known to miss any of it, or it came back before{hint}.")
    if told["unreadable_batches"]:
        say(
            f"! the labels of {plural(told['unreadable_batches'], 'batch', 'batches')} cannot be read"
        )
    for line in told["unreadable"]:
        say(f"! {line}")


def outputs(books: Sequence[View]) -> None:
    """Print the ledger of each output on one line."""
    if not books:
        say("\nNo output was ever attached to it.")
        return
    say()
    columns = (
        "output", "state", "accepted", "delivered", "waiting", "dead letters", "dropped", "oldest",
    )  # fmt: skip
    rows = [_output(book) for book in books]
    table(columns, rows, spare=("accepted", "oldest", "delivered"))


def _output(book: View) -> tuple[object, ...]:
    oldest = "" if book["oldest_age"] is None else span(book["oldest_age"])
    return (
        book["name"], book["state"], number(book["accepted"]), number(book["delivered"]),
        number(book["waiting"]), _letters(book), counts(book["dropped"]) or "0", oldest,
    )  # fmt: skip


def _letters(book: View) -> str:
    """Number of dead letters, and how many of them are kept."""
    all_, kept = book["dead_lettered"], book["letters"]
    return number(all_) if kept == all_ else f"{number(all_)} ({number(kept)} kept)"


def inspection(found: Inspection, books: Books, top: int) -> None:
    """Print segments, positions, and waiting samples by task and device."""
    wait = "waits" if books.samples == 1 else "wait"
    say(f"{plural(books.samples, 'sample')} of {plural(found.series, 'series', 'series')} {wait}.")
    if found.segments:
        say("\nSegments (batches that share their layouts)")
        columns = (
            "segment", "batches", "records", "samples", "size", "layouts", "series", "oldest",
        )  # fmt: skip
        rows = [_segment(one) for one in found.segments]
        table(columns, rows, spare=("layouts", "size", "series"))
    needs = [(book.name, piece) for book in books.outputs for piece in book.needs[:top]]
    if needs:
        say("\nNot acknowledged yet, by sequence number")
        rows = [(name, start, stop - 1, number(stop - start)) for name, (start, stop) in needs]
        table(("output", "from", "to", "batches"), rows)
    tasks = [(t, plugin, number(n)) for (t, plugin), n in found.tasks.most_common(top)]
    _top("Waiting by task", ("task", "plugin", "samples"), tasks, len(found.tasks))
    devices = [(device, number(n)) for device, n in found.devices.most_common(top)]
    _top("Waiting by device", ("device", "samples"), devices, len(found.devices))


def _segment(one: Segment) -> tuple[object, ...]:
    return (
        one.segment, f"{one.first} to {one.last}", number(one.records), number(one.samples),
        size(one.size), number(one.layouts), number(one.series), ago(one.oldest_ms),
    )  # fmt: skip


def _top(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], total: int) -> None:
    if rows:
        say(f"\n{title}" + (f", the first {len(rows)} of {total}" if total > len(rows) else ""))
        table(columns, rows)


def batch(told: View) -> None:
    """Print one decoded batch."""
    record = told["record"]
    pair("batch", str(told["sequence"]))
    pair(
        "record",
        f"batches {record['first']} to {record['last']}, {plural(record['samples'], 'sample')}, "
        f"{size(record['size'])}, segment {record['segment']}",
    )
    pair("task", f"{told['task']} ({told['plugin']})")
    pair("device", f"{told['device']} ({told['target']})" if told["target"] else told["device"])
    pair("collected", when(told["timestamp_ms"]))
    pair("waits for", ", ".join(told["waits_for"]) or "nobody")
    if told["stale"]:
        pair("stale", "these series ended; every value is the stale marker")
    say()
    rows = [
        (one["name"], ", ".join(f"{k}={v}" for k, v in one["labels"].items()), one["value"],
         when(one["timestamp_ms"]))
        for one in told["samples"]
    ]  # fmt: skip
    table(("name", "labels", "value", "time"), rows, below=("labels",))


def verdict(found: Verdict) -> None:
    """Print OK, or each difference."""
    for line in found.findings:
        sentence(f"! {line}", "red", indent=2)
    if found.more:
        say(f"! and {number(found.more)} more")
    read = (
        f"{plural(found.records, 'record')}, {plural(found.batches, 'batch', 'batches')}, "
        f"{plural(found.samples, 'sample')}, {plural(found.layouts, 'layout')}"
    )
    ledgers = plural(len(found.outputs), "output")
    if found.good:
        sentence(f"OK: {read} read; the ledgers of {ledgers} agree with them.", "green")
    else:
        sentence(f"{plural(len(found.findings) + found.more, 'difference')}; {read} could be read.")
