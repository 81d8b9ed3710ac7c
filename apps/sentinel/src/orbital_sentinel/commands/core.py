"""`sentinel register` and `sentinel credentials`: this sentinel's identity at Gravital Core."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from orbital_sentinel.commands.options import ConfigFile, Output  # noqa: TC001 (typer reads annotations when it runs)
from orbital_sentinel.errors import Failure, Misuse
from orbital_sentinel.terminal.output import Format, as_json, complain, say, shown

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from orbital_runtime.settings import CoreSection, Credentials, Loaded, Settings

ADDRESS: Final = "SENTINEL_CORE__URL"
"""The environment variable that stands for core.url."""
WIDTHS: Final = {"--name": 255, "--region": 64}
"""Characters that Core has room for."""


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
    *,
    core_url: CoreUrl = "",
    name: Name = "",
    region: Region = "",
    label: Labels = None,
    registration_key: RegistrationKey = "",
    force: Force = False,
    allow_insecure_http: PlainHttp = False,
    config: ConfigFile = None,
    output: Output = Format.TEXT,
) -> None:
    """Register this sentinel at Gravital Core, and store its credentials.

    An agent that has a core.url does that by itself at its first start.
    """
    from orbital_runtime.settings.credentials import credentials_path

    _check_widths({"--name": name, "--region": region})
    key = _key(registration_key)
    loaded = _loaded(config, core_url, insecure=allow_insecure_http)
    settings = loaded.settings
    _tell_notes(loaded)
    path = credentials_path(settings.core.credentials_path)
    if not force:
        _check_new(settings, path)
    found = _ask(settings, name=name, region=region, labels=_labels(label or []), key=key)
    _save(path, found)
    if output is Format.JSON:
        as_json(_told(found, str(path)))
        return
    say(f"Registered at {shown(found.core_url)} as {found.sentinel_id}.")
    say(f"The credentials are in {path}. Now run `sentinel start`.")
    _advise(loaded, insecure=allow_insecure_http)


def _advise(loaded: Loaded, *, insecure: bool) -> None:
    """What to look at in the file, if there is one."""
    from orbital_runtime.settings.validation.notes import REPORTS_ALONE

    if loaded.path is None:
        return
    if loaded.settings.sender.mode == "direct":
        say(f"note: sender.mode: {REPORTS_ALONE}")
    if insecure:
        say(f"Set core.allow_insecure_http: true in {loaded.path}, too.")


def _check_new(settings: Settings, path: Path) -> None:
    from orbital_runtime.settings.credentials import on_file

    before = on_file(settings.core)
    if before is not None:
        raise Failure(
            f"this sentinel is {before.sentinel_id} at {shown(before.core_url)} already ({path}); "
            "register it anew with --force"
        )


def _save(path: Path, found: Credentials) -> None:
    from orbital_runtime.settings.credentials import save

    try:
        save(path, found)
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}") from error


def _tell_notes(loaded: Loaded) -> None:
    for note in loaded.notes:
        if note.key.startswith("core."):
            complain(f"note: {note}")


def credentials(*, config: ConfigFile = None, output: Output = Format.TEXT) -> None:
    """Show this sentinel's identity at Core, without the token."""
    from orbital_runtime.settings.credentials import credentials_path, load_for

    section = _loaded(config).settings.core
    path = credentials_path(section.credentials_path)
    found = load_for(path, section.url)
    if found is None:
        where = f" for {shown(section.url)}" if section.url else ""
        raise Failure(
            f"there are no credentials{where} in {path}; `sentinel register --core-url …` gets some"
        )
    told = _told(found, str(path))
    if output is Format.JSON:
        as_json(told)
        return
    for key, value in told.items():
        say(f"{key.replace('_', ' '):<15}{value}")


def _loaded(config: Any, core_url: str = "", *, insecure: bool = False) -> Loaded:
    """The configuration, with this address of Core in it, and plain HTTP allowed if that is so.

    Raises:
        Misuse: The address that was given cannot be one.
        SettingsError: The configuration is wrong elsewhere.
    """
    from orbital_runtime.settings import SettingsError, load
    from orbital_runtime.settings.model.agent import INSECURE, check_core_url

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
    """A ValueError is about what somebody typed."""
    try:
        yield
    except ValueError as error:
        raise Misuse(f"{option}: {error}") from error


def _ask(
    settings: Settings, *, name: str, region: str, labels: dict[str, str], key: str
) -> Credentials:
    from dataclasses import replace

    from pydantic import SecretStr

    from orbital_runtime.agent.linking import applicant
    from orbital_runtime.core.client import CoreClient
    from orbital_runtime.core.registration import register as ask
    from orbital_sentinel.versions import about

    url = _address(settings.core)
    asking = applicant(settings, about()["version"])
    given: dict[str, Any] = {"name": name, "region": region, "labels": labels}
    given["key"] = SecretStr(key) if key else None
    client = CoreClient(url, settings.core)
    try:
        return ask(client, replace(asking, **{k: v for k, v in given.items() if v}))
    finally:
        client.close()


def _address(section: CoreSection) -> str:
    from orbital_runtime.settings.credentials import core_url

    url = core_url(section)
    if not url:
        raise Misuse("where is Core? Give --core-url https://…, or set core.url")
    return url


def _check_widths(given: dict[str, str]) -> None:
    for option, text in given.items():
        if len(text) > WIDTHS[option]:
            raise Misuse(
                f"{option}: Core has room for {WIDTHS[option]} characters, not {len(text)}"
            )


def _key(given: str) -> str:
    from orbital_runtime.settings.model.base import sendable

    with _in_words_of("--registration-key"):
        return sendable(given)


def _labels(given: Sequence[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    for key, equals, _ in pairs:
        if not key or not equals:
            raise Misuse(f"a label is written KEY=VALUE, not {key!r}")
    return {key: value for key, _, value in pairs}


def _told(found: Credentials, path: str) -> dict[str, Any]:
    return {
        "sentinel_id": found.sentinel_id,
        "core_url": shown(found.core_url),
        "registered_at": found.registered_at,
        "region": found.region,
        "labels": ", ".join(f"{k}={v}" for k, v in found.labels.items()),
        "file": path,
    }
