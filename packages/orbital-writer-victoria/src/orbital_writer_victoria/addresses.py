"""Where VictoriaMetrics takes remote write (docs.victoriametrics.com, "URL format" of the cluster)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

WRITE: Final = "/api/v1/write"


def write_url(url: str, account: str | None, extra_labels: Mapping[str, str]) -> str:
    """The address that requests go to.

    Args:
        url: What the user wrote, with the write path or without any.
        account: `account` or `account:project` of a cluster, or `multitenant`.
        extra_labels: Become `extra_label` of the query, after what stands there.
    """
    parts = urlsplit(url)
    path = parts.path if parts.path.rstrip("/") else WRITE
    if account:
        path = f"{path.rstrip('/').removesuffix(WRITE)}/insert/{account}/prometheus{WRITE}"
    added = urlencode([("extra_label", f"{k}={v}") for k, v in extra_labels.items()])
    query = "&".join(filter(None, (parts.query, added)))
    return urlunsplit(parts._replace(path=path, query=query))
