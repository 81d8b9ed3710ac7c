"""Addresses as people may see them."""

from __future__ import annotations

from urllib.parse import urlsplit

from orbital_sdk.address import is_loopback


def public_address(url: str) -> str:
    """A URL without user, password, query and fragment."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def stays_here(url: str) -> bool:
    """Whether requests to a URL never leave this machine."""
    host = urlsplit(url).hostname or ""
    return host.endswith(".localhost") or is_loopback(host)
