"""Devices as Gravital Core's web page writes them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from orbital_plugin_http import HttpConfig, HttpDevice

EMPTY = {
    "username": "",
    "password": "",
    "api_key": "",
    "api_key_header": "X-API-Key",
    "bearer_token": "",
}
SSH = {"username": "root", "password": "of-ssh", "auth_method": "password"}


def device(auth: object, **more: object) -> HttpDevice:
    return HttpDevice.model_validate({"host": "10.0.0.1", "auth": auth, **more})


@pytest.mark.parametrize(
    ("config", "same"),
    [
        ({"auth_type": "none"}, {}),
        (
            {"auth_type": "basic", "username": "ann", "password": "pw"},
            {"username": "ann", "password": "pw"},
        ),
        ({"auth_type": "bearer", "bearer_token": "abc"}, {"token": "abc"}),
        ({"auth_type": "apikey", "api_key": "k"}, {"api_key": "k"}),
        (
            {"auth_type": "apikey", "api_key": "k", "api_key_header": "X-Key"},
            {"api_key": "k", "api_key_name": "X-Key"},
        ),
        ({"auth_type": "custom", "custom_headers": {"X-Key": "k"}}, {}),
    ],
)
@pytest.mark.parametrize("spilled", [False, True], ids=["nested", "and-beside"])
def test_credentials_are_found_in_the_form(
    config: dict[str, Any], same: dict[str, str], *, spilled: bool
) -> None:
    """They mean what our own fields mean, also where the agent copied them up beside the others."""
    full = {**EMPTY, **config}
    known = {key: full[key] for key in ("username", "password", "api_key")} if spilled else {}
    found = device({"type": "http", "config": full}, **known)
    wanted = HttpDevice.model_validate({"host": "10.0.0.1", "api_key_name": "X-API-Key", **same})
    assert found == wanted


def test_the_password_of_ssh_goes_to_no_web_service() -> None:
    """Not out of the form, and not as the agent copied it up; the task's own credentials count."""
    form = {"type": "ssh", "config": SSH}
    assert device(form, username="root", password="of-ssh").login == "none"
    own = device(form, username="ann", password="mine")
    assert own.password is not None
    assert (own.login, own.username, own.password.get_secret_value()) == ("basic", "ann", "mine")


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        ({"protocol": "https", "port": 8443}, "https://10.0.0.1:8443/"),
        ({"protocol": "http"}, "http://10.0.0.1/"),
        ({"protocol": "ssh"}, "http://10.0.0.1/"),
        ({"protocol": "snmp", "scheme": "https"}, "https://10.0.0.1/"),
        ({"protocol": "https", "scheme": "http"}, "http://10.0.0.1/"),
    ],
)
def test_the_protocol_is_the_scheme_where_it_is_one(
    fields: dict[str, object], address: str
) -> None:
    """A device that is reached over ssh may have a page as well."""
    assert device({"type": "none", "config": {}}, **fields).address == address


def test_the_credentials_of_a_device_go_to_its_own_pages_alone() -> None:
    """A task with a url of its own: of the same host and scheme it is the device's, else it is another's."""
    form = {"type": "https", "config": {**EMPTY, "auth_type": "bearer", "bearer_token": "abc"}}
    row = {"protocol": "https", "port": 443}
    own = device(form, **row, url="https://10.0.0.1:8443/health")
    assert (own.address, own.login) == ("https://10.0.0.1:8443/health", "bearer")
    for other in ("https://elsewhere.example/", "http://10.0.0.1/", "https://[::1/"):
        with pytest.raises(ValidationError):
            device(form, **row, url=other)


def test_what_makes_no_sense_is_refused() -> None:
    """Half of the credentials, and a protocol that nobody knows."""
    with pytest.raises(ValidationError, match="needs password"):
        device({"type": "http", "config": {**EMPTY, "auth_type": "basic", "username": "ann"}})
    with pytest.raises(ValidationError, match="scheme"):
        device(None, protocol="ftp")


def test_headers_of_the_form_are_headers() -> None:
    """Under the name that Core gives them."""
    made = HttpConfig.model_validate({"custom_headers": {"X-Key": "k"}})
    assert made == HttpConfig.model_validate({"headers": {"X-Key": "k"}})
