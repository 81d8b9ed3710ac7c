"""DSNs as people have them, and settings that cannot work."""

import pytest
from pydantic import ValidationError

from orbital_writer_clickhouse import ClickHouseConfig
from orbital_writer_clickhouse.dsn import parse_dsn


@pytest.mark.parametrize(
    ("dsn", "address", "rest"),
    [
        ("tcp://clickhouse:9000/metrics", "tcp://clickhouse:9000/metrics", {}),
        (
            "tcp://host:9000/db?username=u&password=p%40ss&compress=true",
            "tcp://host:9000/db",
            {"username": "u", "password": "p@ss", "compression": "lz4"},
        ),
        ("tcp://host", "tcp://host:9000/default", {"username": "default"}),
        (
            "tcp://host:9440/db?secure=true&skip_verify=1",
            "tcps://host:9440/db",
            {"skip_verify": True},
        ),
        ("clickhouse://u:p@host/db", "tcp://host:9000/db", {"username": "u", "password": "p"}),
        ("clickhouses://host/db", "tcps://host:9440/db", {"secure": True}),
        ("http://host/db?compress=0", "http://host:8123/db", {"compression": "none"}),
        (
            "https://u@host:443/behind/proxy/db",
            "https://host:443/behind/proxy/db",
            {"path": "/behind/proxy"},
        ),
        ("http://[::1]:8123/db", "http://[::1]:8123/db", {"hosts": (("::1", 8123),)}),
        (
            "tcp://a:1,b/db?alt_hosts=c:3&read_timeout=10s&debug=true&max_threads=2",
            "tcp://a:1/db",
            {"hosts": (("a", 1), ("b", 9000), ("c", 3)), "settings": {"max_threads": "2"}},
        ),
        ("http://host/?database=x&user=me", "http://host:8123/x", {"username": "me"}),
    ],
)
def test_what_a_dsn_says(dsn, address, rest):
    """Protocol, TLS, hosts, database, user, compression; parameters of the Go client are let pass."""
    place = parse_dsn(dsn)
    assert place.address() == address
    assert {name: getattr(place, name) for name in rest} == rest


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"dsn": "mysql://secret@host/db"}, "begins with tcp://"),
        ({"dsn": "tcp:///db?password=secret"}, "has no host"),
        ({"dsn": "tcp://host:99999/db?password=secret"}, "port"),
        ({"dsn": "tcp://host/db?compress=brotli&password=secret"}, "compress"),
        ({"dsn": "tcp://host/db?secure=maybe"}, "secure"),
        ({"dsn": "tcp://host/db", "schema": "custom"}, "wants table and columns"),
        ({"dsn": "tcp://host/db", "columns": {"a": "value"}}, "custom alone"),
        (
            {"dsn": "tcp://host/db", "schema": "custom", "table": "t", "columns": {"a": "valve"}},
            "'valve' is not one of",
        ),
        (
            {"dsn": "tcp://host/db", "schema": "custom", "table": "t", "columns": {"a": "value"}},
            "a timestamp and a value",
        ),
        ({"dsn": "tcp://host/db", "proxy_url": "http://p:1"}, "for http and https"),
        (
            {"dsn": "http://host/db", "password": "secret", "password_file": "/x"},
            "exclude each other",
        ),
        ({"dsn": "http://host/db", "partition": "hour"}, "partition"),
    ],
)
def test_settings_that_cannot_work(settings, said):
    """Refused before anything is sent, in words that hold no password."""
    with pytest.raises(ValidationError, match=said) as caught:
        ClickHouseConfig.model_validate(settings)
    assert "secret" not in str(caught.value)


def test_passwords_are_shown_nowhere():
    """Neither of the DSN nor of the settings, in no repr and no dump."""
    config = ClickHouseConfig.model_validate(
        {"dsn": "tcp://u:hush-hush@host/db?password=hush-hush", "password": "hush-hush"}
    )
    for shown in (
        repr(config),
        str(config.model_dump()),
        config.model_dump_json(),
        repr(config.place),
    ):
        assert "hush" not in shown


@pytest.mark.parametrize(
    ("dsn", "compression", "encoding"),
    [
        ("http://h/d", "auto", "zstd"),
        ("tcp://h/d", "auto", "none"),
        ("tcp://h/d?compress=true", "auto", "lz4"),
        ("http://h/d?compress=true", "none", "none"),
    ],
)
def test_compression(dsn, compression, encoding):
    """The setting wins over the DSN, and the DSN over what is usual for its protocol."""
    assert ClickHouseConfig(dsn=dsn, compression=compression).encoding == encoding
