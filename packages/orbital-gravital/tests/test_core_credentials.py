"""Credentials: where and how sentinels in the field keep them, and that no failure costs them."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr

from orbital_gravital.credentials import (
    Credentials,
    credentials_path,
    load,
    load_for,
    save,
)
from orbital_sdk import ConfigurationError

WHO = Credentials(
    "sentinel-a", SecretStr("sentinel_abc"), "https://core.example.com", "2026-11-24T12:00:00.1Z",
    "bj", {"env": "prod"}, "edge-1",
)  # fmt: skip


def test_they_come_back_as_they_were_and_belong_to_their_owner_alone(tmp_path):
    """0600 in a folder of 0700, under the keys of older sentinels."""
    path = tmp_path / "deep" / "credentials.yaml"
    save(path, WHO)
    assert load(path) == WHO
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(yaml.safe_load(path.read_text())) == [
        "sentinel_id", "api_token", "core_url", "registered_at", "region", "labels", "name",
    ]  # fmt: skip
    assert [p.name for p in path.parent.iterdir()] == ["credentials.yaml"]


def test_the_place_is_that_of_the_field(monkeypatch):
    """`~/.sentinel/credentials.yaml`, or as configured."""
    monkeypatch.setenv("HOME", "/home/somebody")
    assert credentials_path("") == Path("/home/somebody/.sentinel/credentials.yaml")
    assert credentials_path("/etc/who.yaml") == Path("/etc/who.yaml")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[",
        "sentinel_id: a",
        "sentinel_id: 7\napi_token: x",
        "just text",
        "\0" * 9,
        'sentinel_id: a\napi_token: "x\\ny"',
        "sentinel_id: a\napi_token: \u20ac",
    ],
)
def test_a_bad_file_is_told_and_stays(tmp_path, content):
    """Nobody deletes it: a person may still repair it (B-8)."""
    path = tmp_path / "credentials.yaml"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match="register again"):
        load(path)
    assert path.read_text() == content


@pytest.mark.parametrize("before", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_of_an_older_sentinel_or_of_an_editor_is_read(tmp_path, before, end):
    """As Go wrote it; with the marks of Windows, or a line break at the end of a block."""
    lines = [
        "sentinel_id: sentinel-a", "api_token: |", "    sentinel_abc", "core_url: http://a:8080/",
        "registered_at: 2026-11-24T12:00:00.123456789+08:00", "labels:", "    env: prod",
    ]  # fmt: skip
    path = tmp_path / "credentials.yaml"
    path.write_bytes((before + end.join([*lines, ""])).encode())
    found = load_for(path, "http://a:8080")
    assert (found.sentinel_id, found.api_token.get_secret_value()) == ("sentinel-a", "sentinel_abc")
    assert found.labels == {"env": "prod"}


def test_no_file_is_no_error(tmp_path):
    """Then this sentinel registers."""
    assert load(tmp_path / "none.yaml") is None


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://core.example.com/", True),
        ("https://CORE.example.com:443", True),
        ("http://core.example.com", False),
        ("https://core.example.com:8443", False),
        ("https://core.example.com/other", False),
        ("https://core.example.com.evil.example", False),
    ],
)
def test_they_are_for_the_core_that_gave_them(tmp_path, url, same):
    """Its scheme, host, port and path, however they are written."""
    path = tmp_path / "credentials.yaml"
    save(path, WHO)
    assert (load_for(path, url) == WHO) is same


def test_those_of_another_core_are_put_aside_and_found_again(tmp_path):
    """Nothing that a Core gave is lost over going to another one and back; 0600 as well."""
    path = tmp_path / "credentials.yaml"
    other = replace(WHO, core_url="http://127.0.0.1:8080/b", api_token=SecretStr("sentinel_def"))
    save(path, WHO)
    save(path, other)
    assert load(path) == other
    assert load_for(path, WHO.core_url) == WHO
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in tmp_path.iterdir())
    save(path, replace(WHO, registered_at="later"))
    assert load_for(path, other.core_url) == other


@pytest.mark.parametrize("given", ["", "http://[", "http://x:99999999", "nonsense"])
def test_a_file_that_a_person_wrote_is_used_where_it_names_no_other_core(tmp_path, given):
    """Nothing of what may stand there breaks the start."""
    path = tmp_path / "credentials.yaml"
    save(path, replace(WHO, core_url=given))
    assert (load_for(path, "https://core.example.com") is None) is bool(given)


def test_the_token_is_in_no_text_of_them():
    """Neither `repr` nor `str` has it."""
    assert "sentinel_abc" not in repr(WHO)
    assert "sentinel_abc" in WHO.headers()["X-API-Token"]
