"""The provider `systemd`: credentials that systemd hands to the service (systemd.exec(5))."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from orbital_runtime.secrets.builtin import read
from orbital_sdk.secret_provider import SecretProvider, SecretProviderConfig

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import SecretStr


class SystemdConfig(SecretProviderConfig):
    prefix: str = "orbital-sentinel."
    """What the names of credentials begin with; one without it is found, too."""


class Systemd(SecretProvider[SystemdConfig]):
    """`${secret:NAME}` from the credential NAME or `orbital-sentinel.NAME`."""

    name = "systemd"
    summary = "Credentials of systemd"
    default = True

    def get(self, name: str) -> SecretStr | None:
        """The credential, or None where the agent is not a service of systemd."""
        found = (read(path) for path in self.files(name))
        return next((secret for secret in found if secret is not None), None)

    def files(self, name: str) -> Iterable[Path]:
        """One with the prefix, and one without."""
        folder = self.around.environ.get("CREDENTIALS_DIRECTORY")
        if not folder or "/" in name:
            return []
        return [Path(folder, f"{self.config.prefix}{name}"), Path(folder, name)]
