"""`sentinel config init | show | schema | convert`: the configuration file itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from orbital_sentinel.commands.options import ConfigFile, Output  # noqa: TC001 (typer reads annotations when it runs)
from orbital_sentinel.errors import Failure
from orbital_sentinel.terminal.output import Format, as_json, complain, say

app = typer.Typer(help="The configuration file.", no_args_is_help=True)


@app.command()
def init(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.")] = Path(
        "config.yaml"
    ),
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write a starting configuration, which works without changes."""
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings import template
    from orbital_runtime.settings.model.addition import additions
    from orbital_sdk.files import write_private

    if not force and path.exists():
        raise Failure(f"{path} exists; name another file, or replace it with --force")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = template(additions(Registry.discover()))
        write_private(path, [text.encode()])  # private: it will hold passwords
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}") from error
    say(
        f"Wrote {path}. Check it with `sentinel validate -c {path}`, run it with `sentinel start -c {path}`."
    )


@app.command()
def show(*, config: ConfigFile = None, output: Output = Format.TEXT) -> None:
    """Show the effective configuration: defaults and environment included, secrets masked."""
    from orbital_runtime.settings import dump, load, shown

    loaded = load(config, os.environ)
    if output is Format.JSON:
        as_json(shown(loaded))
        return
    say(f"# {loaded.path or 'built-in configuration'}")
    say(dump(loaded).rstrip())


@app.command()
def schema() -> None:
    """Print the JSON Schema of the file, for editors, with the fields of installed plugins and writers."""
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings import schema as schema_of

    as_json(schema_of(Registry.discover()))


@app.command()
def convert(
    *,
    config: ConfigFile = None,
    write: Annotated[
        bool, typer.Option("--write", help="Replace the file; the old one is kept as FILE.older.")
    ] = False,
) -> None:
    """Print the file of an older sentinel with today's keys; comments are kept."""
    from orbital_runtime.settings.source.files import first
    from orbital_sdk.files import write_private
    from orbital_sentinel.convert import convert_file

    path = config or first(os.environ)
    if path is None:
        raise Failure("there is no configuration to convert; name one with -c")
    text, done = convert_file(path)
    for key, sentence in done:
        complain(f"note: {key}: {sentence.partition('; ')[0]}")
    if not write:
        say(text.rstrip("\n"))
    elif not done:
        say(f"{path} has today's keys already.")
    else:
        kept = path.with_name(f"{path.name}.older")
        try:
            write_private(kept, [path.read_bytes()])
            write_private(path, [text.encode()])
        except OSError as error:
            raise Failure(f"{path} cannot be replaced: {error.strerror}") from error
        say(f"Wrote {path}; the old file is {kept}.")
