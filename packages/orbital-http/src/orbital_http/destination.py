"""Where requests go, in the words of messages."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SettingNames:
    """What the settings are called that messages point to. Empty where there is no such setting."""

    address: str = "url"
    proxy_url: str = "proxy_url"
    ca_file: str = "tls.ca_file"
    cert_file: str = "tls.cert_file"
    key_file: str = "tls.key_file"
    server_name: str = "tls.server_name"

    @property
    def files(self) -> str:
        """Those of TLS."""
        return f"{self.ca_file}, {self.cert_file} and {self.key_file}"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where requests go, as messages speak of it."""

    address: str
    """Without user, password and query."""
    names: SettingNames = field(default_factory=SettingNames)
    has_certificate: bool = False
    """Whether a client certificate is configured."""
