"""The command line `orbital-dev`."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from orbital_dev import changes
from orbital_dev.ranges import broken_ranges
from orbital_dev.workspace import dependants, find_root, members

if TYPE_CHECKING:
    from collections.abc import Iterable

app = typer.Typer(
    help="For the developers of Orbital Sentinel.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Base = Annotated[str, typer.Argument(help="The commit to compare with, from where HEAD left it.")]


@app.command()
def changed(
    base: Base = "origin/main",
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="All packages, whatever changed.")
    ] = False,
) -> None:
    """Print as JSON the packages that the change since BASE can break."""
    root = find_root(Path.cwd())
    known = members(root)
    if everything:
        names = [member.name for member in known]
    else:
        names = changes.breakable(changes.changed_files(root, base), known, dependants(root))
    print(json.dumps(names))


@app.command()
def ranges() -> None:
    """Check that the version of every sibling satisfies every range written on it."""
    _finish(broken_ranges(members(find_root(Path.cwd()))))


@app.command()
def fragments(base: Base = "origin/main") -> None:
    """Demand a changelog fragment where sources of a published package changed since BASE."""
    root = find_root(Path.cwd())
    _finish(changes.untold(root, changes.changed_files(root, base), members(root)))


@app.command()
def docs(
    *,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail if stale.")] = False,
) -> None:
    """Make docs/reference, and the tables of docs/configuration.md, anew from the code."""
    from orbital_dev import docs as reference  # noqa: PLC0415 (needs every package; the rest needs none)

    folder = find_root(Path.cwd()) / "docs"
    if check:
        _finish(f"docs/{name} is stale; run `make docs`" for name in reference.stale(folder))
        return
    for path in reference.write(folder):
        print(path)


@app.command()
def mutants(
    room: Annotated[str, typer.Argument(help="`sender`, `sender/refusals`, or a path.")],
    *,
    count: Annotated[int, typer.Option(help="So many changes, taken at random; 0: all.")] = 50,
    seed: Annotated[int, typer.Option(help="Of the choice.")] = 1,
    tests: Annotated[
        list[Path] | None, typer.Option(help="What should notice; else the room's own tests.")
    ] = None,
    goal: Annotated[int, typer.Option(help="Fail below so many percent.")] = 0,
    grace: Annotated[float, typer.Option(help="Seconds; a run may be so much too slow.")] = 20.0,
) -> None:
    """Change ROOM in one place at a time, and print the changes that no test notices."""
    from orbital_dev import mutants as trials  # noqa: PLC0415 (needs pytest; the rest does not)

    root = find_root(Path.cwd())
    place = trials.find_room(root, room, tests or ())
    chosen = trials.sample(place, count or None, seed)
    survivors = 0
    with TemporaryDirectory(prefix="mutants-") as folder:
        trial = trials.Trial(place, Path(folder), grace=grace)
        with typer.progressbar(chosen, label=f"{len(chosen)} changes of {room}") as each:
            for mutant in each:
                if trial.survives(mutant):
                    survivors += 1
                    path = mutant.module.relative_to(root)
                    typer.echo(f"\n{path}:{mutant.mutation.line}\n{mutant.mutation.diff}")
    noticed = 100 * (len(chosen) - survivors) / max(1, len(chosen))
    typer.echo(f"{len(chosen) - survivors} of {len(chosen)} changes noticed: {noticed:.0f} %")
    raise typer.Exit(noticed < goal)


def _finish(findings: Iterable[str]) -> None:
    """Print a line each; exit 1 if there is one."""
    found = list(findings)
    for finding in found:
        typer.echo(finding, err=True)
    if found:
        raise typer.Exit(1)


def main() -> None:
    """The entry point: errors of ours become a sentence."""
    try:
        app()
    except LookupError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(2) from None
