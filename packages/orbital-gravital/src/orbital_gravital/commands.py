"""`sentinel register` and `sentinel credentials`: this sentinel's identity at Gravital Core."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NoReturn

import typer
from pydantic import SecretStr

from orbital_gravital.addition import REPORTS_ALONE
from orbital_gravital.calls.client import CoreClient
from orbital_gravital.credentials import core_url as url_of
from orbital_gravital.credentials import credentials_path, load_for, on_file, save
from orbital_gravital.identity.registration import register as ask
from orbital_gravital.plan import applicant
from orbital_gravital.sections import INSECURE, CoreSection, check_core_url
from orbital_runtime.settings import SettingsError, load
from orbital_runtime.settings.model.base import sendable
from orbital_sdk import ConfigurationError
from orbital_sdk.address import public_address

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from orbital_gravital.credentials import Credentials
    from orbital_runtime.settings import Loaded, Settings

ADDRESS: Final = "SENTINEL_CORE__URL"
"""The environment variable for core.url."""
WIDTHS: Final = {"--name": 255, "--region": 64}
"""Widths of Core's columns in characters."""

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
Output = Annotated[
    Literal["text", "json"], typer.Option("--output", help="Text for people, or JSON for programs.")
]
CoreUrl = Annotated[
    str,
    typer.Option("--core-url", help="Address of Core. Default: core.url of the configuration."),
]
Name = Annotated[str, typer.Option("--name", help="Display name. Default: the host's name.")]
Region = Annotated[str, typer.Option("--region", help="Location.")]
Labels = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="KEY=VALUE",
        help="May be repeated. Default: those of the configuration, else of the last registration.",
    ),
]
RegistrationKey = Annotated[
    str,
    typer.Option(
        "--registration-key",
        envvar="SENTINEL_REGISTRATION_KEY",
        help="Registration key, if Core requires one; better given in the environment.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Register even if there are credentials.")]
PlainHttp = Annotated[
    bool,
    typer.Option(
        "--allow-insecure-http",
        help="Use plain HTTP: anyone on the network path can read the token.",
    ),
]


def register(
    ctx: typer.Context,
    *,
    core_url: CoreUrl = "",
    name: Name = "",
    region: Region = "",
    label: Labels = None,
    registration_key: RegistrationKey = "",
    force: Force = False,
    allow_insecure_http: PlainHttp = False,
    config: ConfigFile = None,
    output: Output = "text",
) -> None:
    """Register this sentinel at Gravital Core, and store its credentials.

    An agent that has a core.url does that by itself at its first start.
    """
    _check_widths({"--name": name, "--region": region})
    key = _key(registration_key)
    loaded = _loaded(config, core_url, insecure=allow_insecure_http)
    settings = loaded.settings
    _print_notes(loaded)
    path = credentials_path(settings.section(CoreSection).credentials_path)
    if not force:
        _check_new(settings, path)
    given: dict[str, Any] = {"name": name, "region": region, "labels": _labels(label or [])}
    given["key"] = SecretStr(key) if key else None
    found = _ask(settings, ctx.find_root().obj["version"], {k: v for k, v in given.items() if v})
    _save(path, found)
    if output == "json":
        _as_json(_shown(found, str(path)))
        return
    typer.echo(f"Registered at {public_address(found.core_url)} as {found.sentinel_id}.")
    typer.echo(f"The credentials are in {path}. Now run `sentinel start`.")
    _advise(loaded, insecure=allow_insecure_http)


def _advise(loaded: Loaded, *, insecure: bool) -> None:
    """Print what to check in the configuration file, if there is one."""
    if loaded.path is None:
        return
    if loaded.settings.sender.mode == "direct":
        typer.echo(f"note: sender.mode: {REPORTS_ALONE}")
    if insecure:
        typer.echo(f"Set core.allow_insecure_http: true in {loaded.path}, too.")


def _check_new(settings: Settings, path: Path) -> None:
    before = on_file(settings.section(CoreSection))
    if before is not None:
        raise ConfigurationError(
            f"this sentinel is {before.sentinel_id} at {public_address(before.core_url)} already ({path}); "
            "register it anew with --force"
        )


def _save(path: Path, found: Credentials) -> None:
    try:
        save(path, found)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error


def _print_notes(loaded: Loaded) -> None:
    for note in loaded.notes:
        if note.key.startswith("core."):
            typer.echo(f"note: {note}", err=True)


def credentials(*, config: ConfigFile = None, output: Output = "text") -> None:
    """Show this sentinel's identity at Core, without the token."""
    section = _loaded(config).settings.section(CoreSection)
    path = credentials_path(section.credentials_path)
    found = load_for(path, section.url)
    if found is None:
        where = f" for {public_address(section.url)}" if section.url else ""
        raise ConfigurationError(
            f"there are no credentials{where} in {path}; `sentinel register --core-url …` gets some"
        )
    shown = _shown(found, str(path))
    if output == "json":
        _as_json(shown)
        return
    for key, value in shown.items():
        typer.echo(f"{key.replace('_', ' '):<15}{value}")


def _loaded(config: Any, core_url: str = "", *, insecure: bool = False) -> Loaded:
    """The configuration, with this address of Core, and plain HTTP allowed if `insecure`.

    Raises:
        typer.Exit: The given address is invalid; the message was printed.
        SettingsError: Another part of the configuration is wrong.
    """
    given = {ADDRESS: core_url} if core_url else {}
    environ = {**os.environ, **given, **({INSECURE: "true"} if insecure else {})}
    try:
        return load(config, environ)
    except SettingsError as error:
        if any(problem.file == ADDRESS for problem in error.problems):
            with _in_words_of("--core-url"):
                check_core_url(core_url, insecure=insecure, allow="give --allow-insecure-http")
        raise


@contextmanager
def _in_words_of(option: str) -> Generator[None]:
    """Report a ValueError as a misuse of this option."""
    try:
        yield
    except ValueError as error:
        _misuse(f"{option}: {error}")


def _misuse(text: str) -> NoReturn:
    """Print the message and exit with code 2."""
    typer.echo(f"error: {text}", err=True)
    raise typer.Exit(2)


def _ask(settings: Settings, version: str, given: Mapping[str, Any]) -> Credentials:
    section = settings.section(CoreSection)
    url = url_of(section)
    if not url:
        _misuse("where is Core? Give --core-url https://…, or set core.url")
    client = CoreClient(url, section)
    try:
        return ask(client, replace(applicant(settings, version), **given))
    finally:
        client.close()


def _check_widths(given: dict[str, str]) -> None:
    for option, text in given.items():
        if len(text) > WIDTHS[option]:
            _misuse(f"{option}: Core has room for {WIDTHS[option]} characters, not {len(text)}")


def _key(given: str) -> str:
    with _in_words_of("--registration-key"):
        return sendable(given)


def _labels(given: Sequence[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    for key, equals, _ in pairs:
        if not key or not equals:
            _misuse(f"a label is written KEY=VALUE, not {key!r}")
    return {key: value for key, _, value in pairs}


def _shown(found: Credentials, path: str) -> dict[str, Any]:
    return {
        "sentinel_id": found.sentinel_id,
        "core_url": public_address(found.core_url),
        "registered_at": found.registered_at,
        "region": found.region,
        "labels": ", ".join(f"{k}={v}" for k, v in found.labels.items()),
        "file": path,
    }


def _as_json(data: object) -> None:
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False))


register_app = typer.Typer(add_completion=False)
register_app.command()(register)
credentials_app = typer.Typer(add_completion=False)
credentials_app.command()(credentials)
