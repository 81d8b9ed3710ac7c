"""Checks the section `secrets`, with the settings of its providers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from orbital_runtime.plugins.registry import NotInstalled, Unusable
from orbital_runtime.secrets.providers import advice
from orbital_runtime.settings.model.secrets import SecretsSection
from orbital_runtime.settings.problem import SettingsError
from orbital_runtime.settings.validation.check import checked
from orbital_sdk.problems import Loc, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings.source.tree import Node
    from orbital_sdk.secret_provider import SecretProvider, SecretProviderConfig

SECTION: Final = "secrets"


def secrets_section(
    root: Node, registry: Registry
) -> tuple[SecretsSection, dict[str, SecretProviderConfig]]:
    """The section, and the settings of its providers, in their order.

    Raises:
        SettingsError: All that is wrong with it.
    """
    node = root.child(SECTION)
    values = cast("Mapping[str, Any]", node.plain() if node else {})
    section = checked(SecretsSection, values, at=(SECTION,))
    settings: dict[str, SecretProviderConfig] = {}
    problems: list[Problem] = []
    for name, given in section.providers.items():
        try:
            provider = _installed(registry, name, (SECTION, name))
            settings[name] = checked(provider.config_model, given, at=(SECTION, name))
        except SettingsError as error:
            problems += error.problems
    for index, name in enumerate(section.order):
        try:
            _installed(registry, name, (SECTION, "order", index))
        except SettingsError as error:
            problems += error.problems
    if problems:
        raise SettingsError(problems)
    return section, settings


def _installed(registry: Registry, name: str, at: Loc) -> type[SecretProvider[Any]]:
    try:
        return registry.provider(name)
    except NotInstalled as error:
        raise SettingsError([Problem(str(error), at, advice(error))]) from error
    except Unusable as error:
        raise SettingsError([Problem(str(error), at)]) from error
