"""The credentials file: this sentinel's identity at Core. Written atomically, never deleted after a failure.

Path, keys and modes are those of sentinels in the field. A token is only sent to the Core that issued it: if
another Core is configured, the file of the first is put aside, and found again later.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

import yaml
from pydantic import SecretStr

from orbital_runtime.settings.model.base import sendable
from orbital_sdk import ConfigurationError, files
from orbital_sdk.secrecy import hold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from orbital_gravital.sections import CoreSection

DEFAULT: Final = "~/.sentinel/credentials.yaml"
PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What Core gave at registration."""

    sentinel_id: str
    api_token: SecretStr
    core_url: str = ""
    registered_at: str = ""
    """RFC 3339."""
    region: str = ""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    name: str = ""
    """Display name; used for a new registration if the configuration has none."""
    allow_insecure_http: bool = False
    """Plain HTTP was allowed at registration; applies to a sentinel without a configuration."""

    def __post_init__(self) -> None:
        hold(f"credentials of {self.core_url}", [self.api_token.get_secret_value()])

    def headers(self) -> dict[str, str]:
        """The headers of each call: those that the server reads, and those of the original design."""
        token = self.api_token.get_secret_value()
        return {
            "X-Sentinel-ID": self.sentinel_id,
            "X-API-Token": token,
            "Authorization": f"Bearer {token}",
        }

    def same_identity(self, other: Credentials) -> bool:
        return (self.sentinel_id, self.api_token) == (other.sentinel_id, other.api_token)


def credentials_path(given: str) -> Path:
    """Path of the file: `core.credentials_path`, or the default in the user's home."""
    return Path(given or DEFAULT).expanduser()


def load(path: Path) -> Credentials | None:
    """Read the file; None where there is none.

    Raises:
        ConfigurationError: It cannot be read, or holds no credentials. The file is not changed.
    """
    try:
        found: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = getattr(error, "strerror", None) or "it is not YAML"
        raise ConfigurationError(f"{path}: {reason}; repair it, or register again") from error
    texts = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    sentinel, token = usable(texts.get("sentinel_id")), usable(texts.get("api_token"))
    if not sentinel or not token:
        raise ConfigurationError(f"{path} holds no sentinel_id and api_token; register again")
    labels: Any = texts.get("labels")
    return Credentials(
        sentinel_id=sentinel,
        api_token=SecretStr(token),
        core_url=str(texts.get("core_url") or ""),
        registered_at=str(texts.get("registered_at") or ""),
        region=str(texts.get("region") or ""),
        labels=_texts(labels) if isinstance(labels, dict) else {},  # pyright: ignore[reportUnknownArgumentType] (what YAML gives)
        name=str(texts.get("name") or ""),
        allow_insecure_http=texts.get("allow_insecure_http") is True,
    )


def usable(text: object) -> str:
    """The text, if it can be sent as an id or a token; otherwise empty."""
    with suppress(ValueError):
        return sendable(text) if isinstance(text, str) else ""
    return ""


def load_for(path: Path, url: str) -> Credentials | None:
    """The credentials from the Core at this address: of the file, or of one that was put aside.

    Raises:
        ConfigurationError: As `load`.
    """
    found = load(path)
    return found if found is None or is_of(found, url) else load(_aside(path, url))


def is_of(credentials: Credentials, url: str) -> bool:
    """Whether the Core at this address issued them. Credentials without an address are accepted."""
    return not credentials.core_url or not url or _place(credentials.core_url) == _place(url)


def _place(url: str) -> tuple[str, str, int | None, str]:
    """What identifies a Core: scheme, host, port and path."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme)
    except ValueError:  # the file may be written by hand
        return "", url, None, ""
    return parts.scheme, (parts.hostname or "").lower(), port, parts.path.rstrip("/")


def _aside(path: Path, url: str) -> Path:
    """Where the credentials of this Core are kept while the file belongs to another Core."""
    scheme, host, port, rest = _place(url)
    name = re.sub(r"[^A-Za-z0-9.-]", "_", f"{scheme}-{host}-{port}{rest}")
    return path.with_name(f"{path.stem}.{name}{path.suffix}")


def _texts(labels: dict[Any, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in labels.items()}


def on_file(section: CoreSection) -> Credentials | None:
    """The credentials in the file, from any Core; None if they cannot be read."""
    with suppress(ConfigurationError):  # reported where they are used
        return load(credentials_path(section.credentials_path))
    return None


def known(section: CoreSection) -> Credentials | None:
    """The credentials for the Core of this configuration; None if they cannot be read."""
    with suppress(ConfigurationError):  # as above
        return load_for(credentials_path(section.credentials_path), section.url)
    return None


def core_url(section: CoreSection) -> str:
    """The address of Core: as configured, else where this sentinel is registered; empty if there is none."""
    if section.url:
        return section.url
    found = known(section)
    return "" if found is None else found.core_url


def has_core(section: CoreSection) -> bool:
    """Whether there is a Core, configured or from registration."""
    return bool(core_url(section))


def given(sentinel_id: str, section: CoreSection, url: str) -> Credentials | None:
    """The identity in the configuration, if it has both `sentinel.id` and `core.api_token`."""
    if not (sentinel_id and section.api_token.get_secret_value()):
        return None
    return Credentials(sentinel_id, section.api_token, url)


def save(path: Path, credentials: Credentials) -> None:
    """Write the file atomically: 0600, in a folder of 0700. Credentials of another Core are put aside first.

    Raises:
        OSError: It cannot be written; the previous file is unchanged.
    """
    with suppress(ConfigurationError):  # an unreadable file needs no copy
        before = load(path)
        if before is not None and not is_of(before, credentials.core_url):
            write_private(_aside(path, before.core_url), [_content(before)])
    write_private(path, [_content(credentials)])


def _content(credentials: Credentials) -> bytes:
    content: dict[str, Any] = {
        "sentinel_id": credentials.sentinel_id,
        "api_token": credentials.api_token.get_secret_value(),
        "core_url": credentials.core_url,
        "registered_at": credentials.registered_at,
    }
    if credentials.region:
        content["region"] = credentials.region
    if credentials.labels:
        content["labels"] = dict(credentials.labels)
    if credentials.name:
        content["name"] = credentials.name
    if credentials.allow_insecure_http:
        content["allow_insecure_http"] = True
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True).encode()


def write_private(path: Path, content: Iterable[bytes]) -> None:
    """As `orbital_sdk.files.write_private`; makes the folder (0700) if it is missing."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    files.write_private(path, content)
