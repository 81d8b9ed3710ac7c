"""A device as Gravital Core's web page writes it: `protocol`, and `auth: {type, config}` for logging in."""

from __future__ import annotations

from typing import Any, Final, cast
from urllib.parse import urlsplit

SCHEMES: Final = ("http", "https")
OTHERS: Final = (None, "", "ssh", "snmp")
"""Protocols of a device that say nothing of its web service."""
CREDENTIALS: Final[dict[str, dict[str, str]]] = {
    "basic": {"username": "username", "password": "password"},
    "apikey": {"api_key": "api_key", "api_key_header": "api_key_name"},
    "bearer": {"bearer_token": "token"},
}
"""Kind of login -> its keys in `auth.config`, and what ours are called."""


def plain(given: dict[str, Any]) -> dict[str, Any]:
    """The same in our own fields; what stands there already comes first.

    Only what the page says is for HTTP is taken: the password of a device's ssh goes to no web service, also
    where Core or somebody else copied it up from `auth.config`.
    """
    fields = dict(given)
    protocol = fields.pop("protocol", None)
    if protocol in SCHEMES and _is_there(fields.get("url"), protocol, fields.get("host")):
        del fields["host"]  # the task's own url says the same, and more
        fields.pop("port", None)
    if protocol not in OTHERS and "host" in fields:
        fields.setdefault("scheme", protocol)
    auth = fields.get("auth")
    if not isinstance(auth, dict):
        return fields
    del fields["auth"]
    kind, config = _parts(cast("dict[str, Any]", auth))
    own = {key: value for key, value in fields.items() if config.get(key) != value}
    wanted = CREDENTIALS.get(kind, {})
    return {ours: config[key] for key, ours in wanted.items() if config.get(key)} | own


def _is_there(url: object, protocol: object, host: object) -> bool:
    """Whether this address is one of the device itself, so that its credentials may go there."""
    try:
        found = urlsplit(str(url))
    except ValueError:
        return False
    return bool(host) and (found.scheme, found.hostname) == (protocol, str(host).lower())


def _parts(auth: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Kind of login, empty where it is none for HTTP, and `config`."""
    found = auth.get("config")
    config = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    kind = config.get("auth_type") if auth.get("type", "http") in SCHEMES else None
    return str(kind or ""), config
