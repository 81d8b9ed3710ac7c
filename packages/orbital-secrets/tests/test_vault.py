"""Vault's API, by a server that answers as its documentation says."""

import json

import pytest
from pydantic import SecretStr, ValidationError

from orbital_sdk import ConfigurationError
from orbital_sdk.secrecy import hold
from orbital_sdk.secret_provider import Surroundings
from orbital_secrets.vault.provider import Vault, VaultConfig
from orbital_testbench import Answer, CutAnswer, HostileServer, Request

TOKEN = "hush-hush-token"
SECRET_ID = "hush-hush-secret-id"


class Server:
    """Secrets of KV version 2 and AppRole: https://developer.hashicorp.com/vault/api-docs."""

    def __init__(self) -> None:
        self.secrets = {
            "orbital-sentinel": {"a": "one", "n": 7},
            "site/switches": {"community": "two"},
        }
        self.tokens = {TOKEN}
        self.reads: list[str] = []

    def __call__(self, request: Request) -> Answer:
        if request.path == "/v1/auth/approle/login" and request.method == "POST":
            return self._login(json.loads(request.body))
        if request.headers.get("x-vault-token") not in self.tokens:
            return self._answer(403, {"errors": [f"permission denied for {request.headers}"]})
        path = request.path.removeprefix("/v1/secret/data/")
        self.reads.append(path)
        fields = self.secrets.get(path)
        if fields is None:
            return self._answer(404, {"errors": []})
        return self._answer(200, {"data": {"data": fields, "metadata": {"version": 1}}})

    def _login(self, given: dict[str, str]) -> Answer:
        if given != {"role_id": "role", "secret_id": SECRET_ID}:
            return self._answer(400, {"errors": ["invalid role or secret ID"]})
        token = f"hush-hush-{len(self.tokens)}"
        self.tokens.add(token)
        return self._answer(200, {"auth": {"client_token": token, "lease_duration": 3600}})

    @staticmethod
    def _answer(status: int, body: object) -> Answer:
        return Answer(status, {"Content-Type": "application/json"}, json.dumps(body).encode())


@pytest.fixture
def server(hostile_server: HostileServer) -> Server:
    hostile_server.default = made = Server()
    return made


def vault(url: str, tmp_path, **settings: object) -> Vault:
    given = {"url": url, **(settings or {"token": TOKEN})}
    return Vault(VaultConfig.model_validate(given), Surroundings({}, tmp_path, tmp_path))


def test_fields_are_read_from_one_secret_or_from_others(server, hostile_server, tmp_path):
    """Each secret once. What is not there is no error, so that the next provider is asked."""
    asked = ["a", "gone", "site/switches#community", "site/gone#x", "orbital-sentinel#a", "n"]
    found = vault(hostile_server.url, tmp_path).get_all(asked)
    assert str(found.pop("n")) == "field n is not text"
    assert found == {
        "a": SecretStr("one"), "gone": None, "site/switches#community": SecretStr("two"),
        "site/gone#x": None, "orbital-sentinel#a": SecretStr("one"),
    }  # fmt: skip
    assert server.reads == ["orbital-sentinel", "site/switches", "site/gone"]


def test_it_logs_in_once_and_again_when_the_token_has_expired(server, hostile_server, tmp_path):
    """AppRole: the token of the login is used until it is refused."""
    provider = vault(
        hostile_server.url, tmp_path, approle={"role_id": "role", "secret_id": SECRET_ID}
    )
    assert provider.get_all(["a"]) == provider.get_all(["a"]) == {"a": SecretStr("one")}
    server.tokens = {TOKEN, "another"}
    assert provider.get_all(["a"]) == {"a": SecretStr("one")}
    paths = [request.path for request in hostile_server.requests]
    assert [path.rpartition("/")[2] for path in paths] == [
        "login", "orbital-sentinel", "orbital-sentinel", "orbital-sentinel", "login", "orbital-sentinel",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"token": "hush-hush-wrong"}, "/v1/secret/data/orbital-sentinel answered 403: permission denied"),
        ({"approle": {"role_id": "role", "secret_id": "hush-hush-x"}}, "login answered 400: invalid role"),
    ],
)  # fmt: skip
def test_a_refusal_is_an_error_without_what_was_sent(
    server, hostile_server, tmp_path, settings, told
):
    """Not an absence: the next provider must not be asked."""
    hold("settings of vault", ["hush-hush-wrong", "hush-hush-x"])  # as the runtime does
    answer = vault(hostile_server.url, tmp_path, **settings).get_all(["a"])["a"]
    hold("settings of vault", [])
    assert isinstance(answer, ConfigurationError)
    assert told in str(answer)
    assert "hush" not in str(answer)


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (CutAnswer(), "closed"),
        (Answer(503, body=b'{"errors": ["Vault is sealed"]}'), "answered 503: Vault is sealed"),
        (Answer(200, body=b"<html>"), "is this the KV engine, version 2?"),
        (Answer(200, body=b'{"data": {"a": "version 1"}}'), "is this the KV engine, version 2?"),
        (Answer(200, body=b"[" * 100_000), "is this the KV engine, version 2?"),
        (Answer(200, body=b" " * (2 << 20)), "is this the KV engine, version 2?"),
    ],
)  # fmt: skip
def test_no_answer_and_nonsense_are_told(hostile_server, tmp_path, step, told):
    """A sealed server, another engine, a page of a proxy, too much of it."""
    hostile_server.default = step
    answer = vault(hostile_server.url, tmp_path).get_all(["a"])["a"]
    assert isinstance(answer, ConfigurationError)
    assert told in str(answer)


def test_a_namespace_is_sent(server, hostile_server, tmp_path):
    """With every request."""
    vault(hostile_server.url, tmp_path, token=TOKEN, namespace="site").get_all(["a"])
    assert hostile_server.requests[-1].headers["x-vault-namespace"] == "site"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"url": "http://vault.example.com:8200", "token": "t"}, "has to begin with https://"),
        ({"url": "vault.example.com", "token": "t"}, "begins with https:// and a host"),
        ({"url": "https://vault.example.com"}, "either token or approle"),
        ({"url": "https://h", "token": "t", "approle": {"role_id": "r", "secret_id": "s"}}, "either token"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused(settings, told):
    """A token never goes over the network in clear text."""
    with pytest.raises(ValidationError, match=told):
        VaultConfig.model_validate(settings)
