"""The command line `orbital-dev`."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from orbital_dev import changes, distributions, index, release
from orbital_dev.metadata import incomplete
from orbital_dev.ranges import broken_ranges
from orbital_dev.workspace import Member, dependants, find_root, members

if TYPE_CHECKING:
    from collections.abc import Iterable

app = typer.Typer(
    help="For the developers of Orbital Sentinel.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


class Bump(StrEnum):
    """The part of a version that a release raises."""

    MAJOR = "major"
    MINOR = "minor"
    PATCH = "patch"


Repository = Annotated[
    str,
    typer.Option(envvar="REPOSITORY", help="Address of the repository, https://HOST/OWNER/NAME."),
]
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
def metadata() -> None:
    """Check that every published package has what an index shows: licence, authors, keywords, classifiers."""
    root = find_root(Path.cwd())
    _finish(incomplete(root, members(root)))


@app.command("release")
def prepare_release(
    package: Annotated[str, typer.Argument(help="Its name, such as `orbital-plugin-modbus`.")],
    *,
    bump: Annotated[Bump, typer.Option(help="Which part of the version to raise.")] = Bump.MINOR,
) -> None:
    """Raise a package's version and write its changelog; it is published when the change is on main."""
    root = find_root(Path.cwd())
    version = release.prepare(root, _named(root, package), bump.value)
    findings = list(broken_ranges(members(root)))
    print(f"{package} is {version}; look at the change, and commit it")
    _finish(findings)


@app.command()
def unpublished(
    repository: Repository,
    *,
    at: Annotated[str, typer.Option("--index", help="Address of the index.")] = index.PYPI,
) -> None:
    """Print as JSON the packages whose version is not on the index, in the order of their dependencies."""
    missing = index.unpublished(members(find_root(Path.cwd())), repository, at)
    print(json.dumps([member.name for member in missing]))


@app.command()
def tag(package: Annotated[str, typer.Argument(help="Its name.")]) -> None:
    """Print the tag of a package's version."""
    print(_named(find_root(Path.cwd()), package).tag)


@app.command()
def build(
    packages: Annotated[list[str] | None, typer.Argument(help="Names; all if left out.")] = None,
    *,
    repository: Repository,
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("dist"),
) -> None:
    """Build wheels and source distributions as an index gets them."""
    root = find_root(Path.cwd())
    chosen = [_named(root, name) for name in packages or ()]
    for member in chosen or [member for member in members(root) if member.published]:
        for path in distributions.build(root, member, out.resolve(), repository=repository):
            print(path)


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
def picture() -> None:
    """Make the picture in README.md anew: commands on a real terminal, against an agent started for it."""
    from orbital_dev import pictures  # noqa: PLC0415 (as above)

    print(pictures.make(find_root(Path.cwd()) / "docs" / "images"))


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


def _named(root: Path, name: str) -> Member:
    for member in members(root):
        if member.name == name:
            return member
    raise LookupError(f"no package here is called {name!r}")


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
