"""What users may set, and what they are told when it cannot be."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from orbital_plugin_http import Http, HttpConfig, HttpDevice


def refusal(model: type, **fields: object) -> str:
    with pytest.raises(ValidationError) as caught:
        model(**fields)
    return str(caught.value)


def test_device_and_plugin_fields_never_share_a_name() -> None:
    """One flat map of a local task can be split by the names of its keys."""
    assert not set(HttpDevice.model_fields) & set(HttpConfig.model_fields)


@pytest.mark.parametrize(
    ("fields", "target"),
    [
        ({"url": "http://a.example"}, "http://a.example/"),
        ({"url": "https://a.example:8443/x/y?token=abc#top"}, "https://a.example:8443/x/y"),
        ({"url": "HTTP://A.Example:80/"}, "http://a.example/"),
        ({"url": "http://[::1]:9090/metrics"}, "http://[::1]:9090/metrics"),
        ({"url": "http://bücher.example/ä ö"}, "http://xn--bcher-kva.example/%C3%A4%20%C3%B6"),
        ({"host": "10.0.0.1"}, "http://10.0.0.1/"),
        ({"host": "::1", "port": 81, "path": "/a?b=c"}, "http://[::1]:81/a"),
        ({"host": "x", "scheme": "https", "port": 443}, "https://x/"),
    ],
)
def test_target_names_the_device_without_query_and_default_port(
    fields: dict[str, object], target: str
) -> None:
    """The target is one normal form of the URL, without what may be a secret."""
    assert Http(HttpConfig()).target(HttpDevice.model_validate(fields)) == target


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "either url"),
        ({"url": "http://a", "host": "a"}, "either url"),
        ({"url": "http://a", "port": 80}, "port belong to host"),
        ({"host": "127.0.0.1:80"}, "its port goes into port"),
        ({"url": "ftp://a/"}, "looks like http://example.com/path"),
        ({"url": "http:///x"}, "looks like http://example.com/path"),
        ({"url": "http://ann:pw@a/"}, "username and password"),
        ({"url": "http://a/\r\nX: y"}, "line break"),
        ({"url": "http://a:0/"}, "port 0"),
        ({"url": "http://a:70000/"}, "url"),
        ({"url": "http://[::1/"}, "url"),
        ({"url": "http://-a/"}, "not a valid name"),
        ({"url": "http://a/" + "x" * 9000}, "8000"),
        ({"url": "http://a", "password": "x"}, "needs username"),
        ({"url": "http://a", "auth": "bearer"}, "needs token"),
        ({"url": "http://a", "auth": "none", "token": "x"}, "no use for token"),
        ({"url": "http://a", "token": "x", "username": "y"}, "no use for username"),
        ({"url": "http://a", "token": "a\r\nX: y"}, "one line"),
        ({"url": "http://a", "username": "a\nb", "password": "x"}, "username"),
        ({"url": "http://a", "key_file": "k.pem"}, "needs cert_file"),
        ({"url": "http://a", "api_key": "x", "api_key_name": "a b"}, "api_key_name"),
        ({"url": "http://a", "verify": False}, "verify"),
    ],
)
def test_a_device_that_cannot_work_is_refused_with_what_would_be_right(
    fields: dict[str, object], words: str
) -> None:
    """Wrong device fields never get as far as a probe, and no secret stands in the refusal."""
    message = refusal(HttpDevice, **fields)
    assert words in message
    assert "ann:pw" not in message


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"method": "GET /"}, "method"),
        ({"method": "CONNECT"}, "tunnel"),
        ({"headers": {"a b": "c"}}, "headers"),
        ({"headers": {"a": "b\r\nc: d"}}, "one line"),
        ({"headers": {"Content-Length": "3"}}, "writes it itself"),
        ({"expected_status": "abc"}, "200, 200-299 or 2xx"),
        ({"expected_status": "299-200"}, "backwards"),
        ({"expected_status": []}, "expected_status"),
        ({"body_matches": "("}, "not a valid regular expression"),
        ({"timeout": "0s"}, "timeout"),
        ({"max_body": "1TB"}, "max_body"),
        ({"ip_version": 5}, "ip_version"),
        ({"values": [{"name": "x", "path": "$.a["}]}, "not a valid JSONPath"),
        ({"values": [{"name": "x", "path": "a.b"}]}, "not a valid JSONPath"),
        ({"values": [{"name": "1x", "path": "$"}]}, "name"),
        ({"values": [{"name": "x", "path": "$", "labels": {"device_id": "a"}}]}, "agent's own"),
        ({"values": [{"name": "x", "path": "$", "labels": {"a": "$.["}}]}, "not a valid JSONPath"),
        (
            {"values": [{"name": "x", "path": "$"}, {"name": "x", "path": "$", "unit": "s"}]},
            "same labels, kind, unit and help",
        ),
        ({"values": [{"name": "x", "path": "$"}], "prometheus": True}, "JSON or a Prometheus page"),
        ({"prometheus": True, "large_body": "truncate"}, "whole body"),
        ({"prometheus": True, "method": "head"}, "no body"),
        ({"prometheus": {"include": "("}}, "not a valid regular expression"),
        ({"prometheus": {"prefix": "1"}}, "prefix"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_what_would_be_right(
    fields: dict[str, object], words: str
) -> None:
    """Wrong settings never get as far as a probe."""
    assert words in refusal(HttpConfig, **fields)


def test_settings_take_the_forms_that_people_write() -> None:
    """One value may stand for a list, numbers for text, small letters for a method, true for rules."""
    config = HttpConfig.model_validate(
        {
            "method": "post",
            "expected_status": 204,
            "body_matches": "ok",
            "ip_version": 4,
            "prometheus": True,
            "max_body": "64KiB",
            "timeout": "1m",
        }
    )
    assert (config.method, config.expected_status, config.body_matches) == (
        "POST",
        ("204",),
        ("ok",),
    )
    assert (config.ip_version, config.max_body, config.timeout) == ("4", 65536, 60.0)
    assert config.prometheus is not None
    assert HttpConfig.model_validate({"prometheus": False}).prometheus is None
    several = HttpConfig.model_validate({"expected_status": [200, "3xx", "401 - 403"]})
    assert several.expected_status == ("200", "3xx", "401 - 403")


def test_a_dump_reads_back_the_same() -> None:
    """What a dump of the settings says is again good settings."""
    config = HttpConfig.model_validate(
        {"timeout": "5s", "prometheus": True, "expected_status": "2xx"}
    )
    assert HttpConfig.model_validate(config.model_dump()) == config
    assert HttpConfig.model_validate_json(config.model_dump_json()) == config


def test_secrets_show_nowhere() -> None:
    """Passwords, tokens, keys, header values and request bodies are in no repr and in no dump."""
    device = HttpDevice.model_validate(
        {"url": "http://a/", "auth": "digest", "username": "ann", "password": "hush-1"}
    )
    config = HttpConfig.model_validate(
        {"method": "POST", "headers": {"Cookie": "hush-2"}, "body": "hush-3"}
    )
    shown = repr(device) + device.model_dump_json() + repr(config) + config.model_dump_json()
    assert "hush" not in shown
