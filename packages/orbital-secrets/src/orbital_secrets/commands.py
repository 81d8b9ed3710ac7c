"""`sentinel secrets set | list | remove | rotate-key`: the encrypted store."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Final, Literal

import typer
from pydantic import SecretStr

from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings.resolution import providers_of
from orbital_sdk import ConfigurationError
from orbital_secrets.store.encrypted import EncryptedFile, Entry
from orbital_secrets.store.keys import KeyFile, KeySource, Passphrase
from orbital_secrets.store.provider import Store

LONGEST_NAME: Final = 128
LONGEST_VALUE: Final = 64 << 10

app = typer.Typer(
    help="Secrets of the encrypted store, which a configuration names as ${secret:NAME}.",
    no_args_is_help=True,
    add_completion=False,
)

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        readable=False,  # the settings say what is wrong with a file, and with which exit code
        help="Configuration file. Left out: ./config.yaml, then the user's, then the system's.",
    ),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Its name in ${secret:NAME}.")]
NewKey = Annotated[
    Path | None,
    typer.Option(
        "--to", metavar="FILE", help="Use the key in this file from now on; made if missing."
    ),
]


@app.command("set")
def set_secret(name: Name, *, config: ConfigFile = None) -> None:
    """Store a secret. Its value is read from standard input, or asked for on a terminal."""
    _check(name)
    store = _store(config)
    value = _value(f"Value of {name}")
    with store.changing() as entries:
        entries[name] = Entry(value=value)
    typer.echo(f"{name} is stored in {store.path}.")


@app.command("list")
def list_secrets(
    *,
    config: ConfigFile = None,
    output: Annotated[
        Literal["text", "json"],
        typer.Option("--output", help="Text for people, or JSON for programs."),
    ] = "text",
) -> None:
    """List the names of secrets, and when they were set."""
    found = {
        name: entry.set_at.isoformat() for name, entry in sorted(_store(config).read().items())
    }
    if output == "json":
        typer.echo(
            json.dumps([{"name": name, "set_at": at} for name, at in found.items()], indent=2)
        )
        return
    for name, at in found.items():
        typer.echo(f"{at}  {name}")


@app.command()
def remove(name: Name, *, config: ConfigFile = None) -> None:
    """Remove a secret."""
    store = _store(config)
    with store.changing() as entries:
        if entries.pop(name, None) is None:
            raise ConfigurationError(f"there is no secret {name} in {store.path}")
    typer.echo(f"{name} is removed from {store.path}.")


@app.command("rotate-key")
def rotate_key(*, to: NewKey = None, config: ConfigFile = None) -> None:
    """Encrypt the store with a new key.

    A passphrase is replaced by one that is read from standard input, or asked for on a terminal; then put it
    into the configuration.
    """
    store = _store(config)
    new: KeySource | None = KeyFile(to) if to else None
    if new is None and isinstance(store.source, Passphrase):
        new = Passphrase(SecretStr(_value("New passphrase")))
    store.rotate(new)
    typer.echo(f"{store.path} is encrypted with a new key ({new or store.source}).")


def _store(config: Path | None) -> EncryptedFile:
    provider = providers_of(config, os.environ, Registry.discover()).get(Store.name)
    if not isinstance(provider, Store):
        raise ConfigurationError("another package offers a provider of secrets called store")
    return provider.file


def _check(name: str) -> None:
    if (
        not name.isprintable()
        or len(name) > LONGEST_NAME
        or set(name) & set("{}")
        or not name.strip()
    ):
        raise typer.BadParameter(
            f"a name has up to {LONGEST_NAME} printable characters, and no braces"
        )


def _value(prompt: str) -> str:
    """A value that is in no argument: others could read it in the list of processes."""
    if sys.stdin.isatty():
        value = str(typer.prompt(prompt, hide_input=True, confirmation_prompt=True))
    else:
        value = sys.stdin.read(LONGEST_VALUE + 2).removesuffix("\n").removesuffix("\r")
    if not value or len(value) > LONGEST_VALUE:
        raise typer.BadParameter(f"a secret has 1 to {LONGEST_VALUE:,} characters")
    return value
