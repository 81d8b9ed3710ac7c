"""Puts secrets in place of the references to them. The section `secrets` says who is asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from orbital_runtime.paths import data_dir
from orbital_runtime.secrets.asking import ask
from orbital_runtime.secrets.providers import Providers
from orbital_runtime.secrets.secrets import Round, Secrets
from orbital_runtime.settings.problem import SettingsError
from orbital_runtime.settings.secrecy import secrets_in
from orbital_runtime.settings.source.gather import gather
from orbital_runtime.settings.source.references import expand
from orbital_runtime.settings.validation.secrets import SECTION, secrets_section
from orbital_sdk.problems import Problem
from orbital_sdk.secrecy import hold
from orbital_sdk.secret_provider import Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings.source.gather import Source
    from orbital_runtime.settings.source.tree import Node
    from orbital_sdk.problems import Loc

INNER_TIMEOUT: Final = 10.0
"""Seconds for the secrets of the section itself."""


def resolve(
    source: Source, registry: Registry, environ: Mapping[str, str], before: Secrets | None = None
) -> Secrets:
    """Replace every reference in the tree, and watch the files of providers. Blocks, with a deadline.

    The section's own references come first, from providers without settings.

    Args:
        source: Gets the values, and a problem for each reference without one.
        registry: What is installed.
        environ: For `${NAME}` beside a secret, and for providers.
        before: Of the configuration read last: its providers go on.

    Raises:
        SettingsError: The section has errors, so that nobody can be asked.
    """
    around = _surroundings(source, environ)
    inner = _round(source, _inner(source.root), Providers(registry, around, {}), INNER_TIMEOUT)
    section, settings = secrets_section(source.root, registry)
    hold("providers of secrets", (one for each in settings.values() for one in secrets_in(each)))
    earlier = before and before.providers
    providers = Providers(registry, around, settings, section.order, earlier)
    return Secrets((inner, _round(source, source.root.leaves(), providers, section.timeout)))


def providers_of(path: Path | None, environ: Mapping[str, str], registry: Registry) -> Providers:
    """The providers as a configuration sets them up, whatever else is wrong with it.

    Raises:
        SettingsError: Problems of the section.
    """
    source = gather(path, environ)
    around = _surroundings(source, environ)
    _round(source, _inner(source.root), Providers(registry, around, {}), INNER_TIMEOUT)
    if problems := [one for one in source.problems if one.loc[:1] == (SECTION,)]:
        raise SettingsError(problems)
    section, settings = secrets_section(source.root, registry)
    return Providers(registry, around, settings, section.order)


def _surroundings(source: Source, environ: Mapping[str, str]) -> Surroundings:
    folder = source.path.parent if source.path else Path()
    return Surroundings(environ, folder.absolute(), data_dir(environ))


def _inner(root: Node) -> Iterator[tuple[Loc, Node]]:
    """The values of the section `secrets`."""
    section = root.child(SECTION)
    return section.leaves((SECTION,)) if section else iter(())


def _round(
    source: Source, leaves: Iterator[tuple[Loc, Node]], providers: Providers, timeout: float
) -> Round:
    """Fill these leaves, as far as they have references."""
    by_id = {id(node): (loc, node) for loc, node in leaves if node.references}
    waiting = by_id.values()  # each once, however many aliases it has
    references = dict.fromkeys(one for _, node in waiting for one in node.references)
    files = (
        path
        for one in references
        for provider in providers.asked(one)
        for path in providers.files(provider, one.name)
    )
    for path in dict.fromkeys(files):
        if path.parent.is_dir():  # a folder that is missing cannot be watched
            source.watch(path)
    found = ask(references, providers, timeout) if references else {}
    for loc, node in waiting:
        expanded = expand(str(node.value), providers.around.environ, found)
        node.value, node.literal, node.references = expanded.text, expanded.literal, ()
        source.problems += [
            Problem(message, loc, file=node.file, line=node.line) for message in expanded.problems
        ]
    values = {one: answer for one, answer in found.items() if isinstance(answer, SecretStr)}
    return Round(values, providers, timeout)
