"""The HTTP API: https://developer.hashicorp.com/vault/api-docs, secret/kv/kv-v2 and auth/approle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote

from orbital_http import HttpClient, Reply, RequestFailed, one_line
from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST: Final = 1 << 20
"""Bytes of an answer."""


class VaultApi:
    """Requests to one server.

    Args:
        url: Where it is.
        http: The client for it.
        namespace: Empty for none.
    """

    def __init__(self, url: str, http: HttpClient, namespace: str) -> None:
        self._url = url.rstrip("/")
        self._http = http
        self._headers = {"X-Vault-Request": "true"}
        if namespace:
            self._headers["X-Vault-Namespace"] = namespace

    def read(self, mount: str, path: str, token: str) -> dict[str, Any]:
        """All fields of a secret; none where there is no such secret, or its newest version is deleted.

        Raises:
            TokenRefused: The token is not valid (any more), or may not read this.
            ConfigurationError: There is no answer, or one that makes no sense.
        """
        where = f"{mount}/data/{path}"
        reply = self._request("GET", where, headers={"X-Vault-Token": token})
        if reply.status == 404:
            return {}
        return cast("dict[str, Any]", self._part(reply, where, "data", "data", dict))

    def log_in(self, mount: str, role_id: str, secret_id: str) -> str:
        """A token for this AppRole. Raises as `read`."""
        where = f"auth/{mount}/login"
        body = json.dumps({"role_id": role_id, "secret_id": secret_id}).encode()
        return str(
            self._part(self._request("POST", where, body), where, "auth", "client_token", str)
        )

    def _request(
        self,
        method: str,
        where: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        url = f"{self._url}/v1/{quote(where)}"
        try:
            with self._http.exchange(
                method, url, body, headers=self._headers | dict(headers or {})
            ) as answer:
                read = answer.read(LARGEST)
                return Reply(answer.status, answer.headers, bytes(read.data))
        except RequestFailed as error:
            raise ConfigurationError(str(error)) from error

    def _part(self, reply: Reply, where: str, outer: str, inner: str, kind: type) -> object:
        """A part of a good answer.

        Raises:
            TokenRefused, ConfigurationError: The answer is none.
        """
        address = f"{self._http.address}/v1/{where}"
        if not reply.is_success:
            words = f"{address} answered {reply.status}: {one_line(', '.join(_errors(reply)))}"
            raise (TokenRefused if reply.status == 403 else ConfigurationError)(words)
        try:
            part = json.loads(reply.body)[outer][inner]
        except (ValueError, LookupError, TypeError, RecursionError):
            part = None
        if not isinstance(part, kind):
            raise ConfigurationError(
                f"{address} gave no {outer}.{inner}: is this the KV engine, version 2?"
            )
        return part


class TokenRefused(ConfigurationError):  # noqa: N818 (reads as what happened)
    """The server answered 403."""


def _errors(reply: Reply) -> list[str]:
    """The reasons that it gives: `{"errors": [...]}`."""
    try:
        return [str(one) for one in json.loads(reply.text)["errors"]]
    except (ValueError, LookupError, TypeError, RecursionError):
        return [reply.text]
