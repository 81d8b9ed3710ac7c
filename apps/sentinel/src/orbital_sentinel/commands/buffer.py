"""`sentinel buffer ...`: samples that wait to be delivered, of a running or a stopped agent."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from orbital_sentinel.commands import completion, dead_letters
from orbital_sentinel.commands.options import ConfigFile, Output  # noqa: TC001 (typer reads annotations when it runs)
from orbital_sentinel.terminal.output import Format, as_json, complain, on_terminal, say
from orbital_sentinel.terminal.progress import progress

app = typer.Typer(help="Samples that wait to be delivered.", no_args_is_help=True)
app.add_typer(dead_letters.app, name="dead-letters")

Folder = Annotated[
    Path | None,
    typer.Option(
        "--path",
        metavar="FOLDER",
        help="Read the disk buffer in this folder, instead of the configured one.",
    ),
]
Name = Annotated[
    str,
    typer.Option(
        "--output",
        metavar="NAME",
        help="Name of an output.",
        autocompletion=completion.outputs,
    ),
]


@app.callback()
def _group() -> None:  # pyright: ignore[reportUnusedFunction] (typer calls it)
    """Samples that wait to be delivered: of the running sentinel, else in the folder of a stopped one."""


@app.command()
def status(*, config: ConfigFile = None, path: Folder = None, output: Output = Format.TEXT) -> None:
    """Show how many samples wait, for which output, how old they are, and the ledger of each output."""
    from orbital_buffer.inspection.reports.view import view
    from orbital_sentinel.buffer.access import open_buffer
    from orbital_sentinel.terminal import buffer_report

    with open_buffer(config, path) as found:
        running = found.directory is None
        told = view(
            found.look.books(), found.look.folder_usage, time.time_ns() // 10**6, running=running,
            damage=found.damage,
        )  # fmt: skip
    if output is Format.JSON:
        as_json(told)
    else:
        buffer_report.status(told)


@app.command()
def inspect(
    *,
    config: ConfigFile = None,
    path: Folder = None,
    top: Annotated[
        int, typer.Option(min=1, help="How many tasks, devices and intervals to show.")
    ] = 10,
    seq: Annotated[
        int | None, typer.Option(metavar="N", help="Show the batch with this sequence number.")
    ] = None,
    output: Output = Format.TEXT,
) -> None:
    """Show segments, layouts, what each output has yet to deliver, and waiting samples by task and device."""
    from orbital_sentinel.buffer import inspect
    from orbital_sentinel.buffer.access import open_buffer

    with open_buffer(config, path) as found:
        if seq is not None:
            inspect.inspect_batch(found.look, seq, output)
        else:
            inspect.inspect_all(found, top, output)


@app.command()
def export(
    *,
    config: ConfigFile = None,
    path: Folder = None,
    output: Name = "",
    since: Annotated[
        str, typer.Option(metavar="TIME", help="2026-01-31T12:00:00Z, or 2h for two hours ago.")
    ] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="Likewise, exclusive.")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="Samples at most.")] = None,
) -> None:
    """Print the waiting samples as JSON lines, oldest first. The buffer is not changed.

    Damaged samples are omitted and reported on stderr, and the exit code is 1 then.
    """
    from orbital_buffer.inspection.reports.export import Export
    from orbital_buffer.inspection.wording import no_such_output
    from orbital_sentinel.buffer.access import open_buffer
    from orbital_sentinel.errors import Failure
    from orbital_sentinel.terminal.times import parse_time

    with open_buffer(config, path) as found:
        books, wanted = found.look.books(), Export(found.look, output)
        known = {book.name for book in books.outputs}
        if output and output not in known:
            raise Failure(no_such_output(output, known))
        now = time.time_ns() // 10**6
        wanted.since = parse_time(since, now) if since else wanted.since
        wanted.until = parse_time(until, now) if until else wanted.until
        wanted.limit = limit or wanted.limit
        with progress("exporting waiting samples", books.samples, shown=not on_terminal()) as line:
            for lines in wanted.lines(line.advance):
                sys.stdout.buffer.write(lines)
        sys.stdout.buffer.flush()
        damage = [*found.damage, *(f"left out: {what}" for what in wanted.damage)]
    for line in damage:
        complain(f"warning: {line}")
    if damage:
        raise typer.Exit(1)


@app.command()
def verify(*, config: ConfigFile = None, path: Folder = None, output: Output = Format.TEXT) -> None:
    """Read everything and compare it with the ledger; the exit code is 1 if anything differs.

    Checks checksums, layouts, sequence numbers, the position of each output, and that accepted =
    delivered + waiting + dead-lettered + dropped, with waiting counted from the records. Changes nothing.
    """
    import msgspec

    from orbital_buffer.inspection.reports.verify import Verification
    from orbital_sentinel.buffer.access import open_buffer
    from orbital_sentinel.terminal import buffer_report

    with open_buffer(config, path) as found:
        look, known = found.audited()
        what = "comparing waiting samples with the ledger"
        with progress(what, look.books().samples) as line:
            verdict = Verification(look, known).run(line.advance)
    if output is Format.JSON:
        as_json({"ok": verdict.good, **msgspec.to_builtins(verdict)})
    else:
        buffer_report.verdict(verdict)
    if not verdict.good:
        raise typer.Exit(1)


@app.command()
def drop(
    *,
    config: ConfigFile = None,
    output: Name,
    older_than: Annotated[
        str,
        typer.Option(
            metavar="DURATION", help="Only samples collected longer ago than this, as in 2h."
        ),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Drop the samples that wait for one output. They are counted as dropped, with the reason `removed`."""
    from orbital_sdk.text import plural
    from orbital_sentinel.buffer.drop import plan_drop
    from orbital_sentinel.terminal.confirm import confirm

    found = plan_drop(config, output, older_than)
    which = f" of output {output}" + (f" that are older than {older_than}" if older_than else "")
    if not found.samples:
        say(f"There are no waiting samples{which}.")
        return
    if not yes:
        waiting = plural(found.samples, "waiting sample")
        confirm(f"{waiting}{which} will be lost. Go on?", "Nothing was dropped.")
    dropped, left = found.drop()
    wait = "waits" if left == 1 else "wait"
    say(f"Dropped {plural(dropped, 'sample')}; of output {output} {left:,} {wait} on.")


@app.command()
def recover(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="The quarantine of the buffer, or a folder in it."),
    ],
    *,
    config: ConfigFile = None,
    output: Annotated[
        str,
        typer.Option(
            "--output",
            metavar="NAME",
            autocompletion=completion.outputs,
            help="Deliver everything to this output, even what it may have already (samples may come twice).",
        ),
    ] = "",
    output_format: dead_letters.Shape = Format.TEXT,
) -> None:
    """Deliver what can be read of a quarantine, after its files were repaired or restored from a backup.

    The sentinel must be stopped. Each output gets, once, what it is known to have lost; it counts as accepted
    once more, and as recovered. A quarantine of an older version needs --output. The folder is not changed.
    """
    from orbital_sentinel.buffer.recover import recover_quarantine
    from orbital_sentinel.terminal import buffer_report

    with progress(f"reading {folder}"):
        told = recover_quarantine(config, folder, output)
    if output_format is Format.JSON:
        as_json(told)
    else:
        buffer_report.recovery(told, asked=bool(output))
