"""Who this sentinel is at Core, in a file of its own: written in one step, never deleted by a failure.

Path, keys and modes are those that sentinels in the field have. A token is only ever shown to the Core that
gave it: where another one is configured, the file of the first is put aside, and found again.
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
    """For people; what it registers with again where the configuration has none."""
    allow_insecure_http: bool = False
    """Somebody said so at registration; a sentinel without a configuration keeps to it."""

    def __post_init__(self) -> None:
        hold(f"credentials of {self.core_url}", [self.api_token.get_secret_value()])

    def headers(self) -> dict[str, str]:
        """Of each call: what the server reads, and what the original design has."""
        token = self.api_token.get_secret_value()
        return {
            "X-Sentinel-ID": self.sentinel_id,
            "X-API-Token": token,
            "Authorization": f"Bearer {token}",
        }

    def same_identity(self, other: Credentials) -> bool:
        return (self.sentinel_id, self.api_token) == (other.sentinel_id, other.api_token)


def credentials_path(given: str) -> Path:
    """Where they are: `core.credentials_path`, or the place in the user's home."""
    return Path(given or DEFAULT).expanduser()


def load(path: Path) -> Credentials | None:
    """Read the file; None where there is none.

    Raises:
        ConfigurationError: It cannot be read, or holds no credentials. It is left as it is.
    """
    try:
        found: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = getattr(error, "strerror", None) or "it is no YAML"
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
    """An id or a token that can be sent; empty where it is none."""
    with suppress(ValueError):
        return sendable(text) if isinstance(text, str) else ""
    return ""


def load_for(path: Path, url: str) -> Credentials | None:
    """Those that the Core at this address gave: of the file, or of one that was put aside.

    Raises:
        ConfigurationError: As `load`.
    """
    found = load(path)
    return found if found is None or is_of(found, url) else load(_aside(path, url))


def is_of(credentials: Credentials, url: str) -> bool:
    """Whether the Core at this address gave them. Where they do not say, a person vouches for it."""
    return not credentials.core_url or not url or _place(credentials.core_url) == _place(url)


def _place(url: str) -> tuple[str, str, int | None, str]:
    """What makes a Core another one: scheme, host, port and path."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme)
    except ValueError:  # a person wrote the file
        return "", url, None, ""
    return parts.scheme, (parts.hostname or "").lower(), port, parts.path.rstrip("/")


def _aside(path: Path, url: str) -> Path:
    """Where the credentials of this Core are kept while the file is another one's."""
    scheme, host, port, rest = _place(url)
    name = re.sub(r"[^A-Za-z0-9.-]", "_", f"{scheme}-{host}-{port}{rest}")
    return path.with_name(f"{path.stem}.{name}{path.suffix}")


def _texts(labels: dict[Any, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in labels.items()}


def on_file(section: CoreSection) -> Credentials | None:
    """Those in the file, whichever Core gave them, if they can be read."""
    with suppress(ConfigurationError):  # who uses them says so
        return load(credentials_path(section.credentials_path))
    return None


def known(section: CoreSection) -> Credentials | None:
    """Those for the Core of this configuration, if they can be read."""
    with suppress(ConfigurationError):  # as above
        return load_for(credentials_path(section.credentials_path), section.url)
    return None


def core_url(section: CoreSection) -> str:
    """Where Core is: as configured, else where this sentinel is registered; empty if nowhere."""
    if section.url:
        return section.url
    found = known(section)
    return "" if found is None else found.core_url


def has_core(section: CoreSection) -> bool:
    """Whether there is a Core at all."""
    return bool(core_url(section))


def given(sentinel_id: str, section: CoreSection, url: str) -> Credentials | None:
    """An identity that the configuration has: both halves of it, `sentinel.id` and `core.api_token`."""
    if not (sentinel_id and section.api_token.get_secret_value()):
        return None
    return Credentials(sentinel_id, section.api_token, url)


def save(path: Path, credentials: Credentials) -> None:
    """Write the file in one step: 0600, in a folder of 0700. What another Core gave is put aside before.

    Raises:
        OSError: It cannot be written; what was there before is untouched.
    """
    with suppress(ConfigurationError):  # what cannot be read is of no use to anybody
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
    """As `orbital_sdk.files.write_private`, in a folder that is made (0700) where it is missing."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    files.write_private(path, content)
