"""Texts without the secrets of this process."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital_sdk import WriterMisconfigured
from orbital_sdk.secrecy import Secrets, hold, in_address

SECRET = 'pä"ss&w/rd <1>'


def scrubbed(text: str, *secrets: str) -> str:
    known = Secrets()
    known.hold("test", secrets)
    return known.scrub(text)


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe="").lower(),
        quote_plus(SECRET),
        html.escape(SECRET),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        repr(SECRET)[1:-1],
    ],
)
def test_a_secret_is_found_as_others_write_it(form: str):
    """In URLs, pages, JSON and Python's own errors."""
    assert scrubbed(f"invalid token '{form}'!", SECRET) == "invalid token '***'!"


@given(
    user=st.text(st.characters(codec="ascii"), max_size=9),
    secret=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=6, max_size=20),
)
def test_a_secret_is_found_inside_of_base64(user: str, secret: str):
    """`Authorization: Basic` has it behind any user."""
    packed = base64.b64encode(f"{user}:{secret}".encode()).decode()
    told = scrubbed(f"refused: Basic {packed}", secret)
    assert "***" in told
    kept = told.partition("***")[0].removeprefix("refused: Basic ")
    assert len(kept) <= len(base64.b64encode(f"{user}:".encode()))


@pytest.mark.parametrize(
    ("secret", "leaked"),
    [
        ("Bearer t0ken-of-mine", "t0ken-of-mine"),
        ("http://user:pass%2Fword@proxy:3128", "pass/word"),
        ("http://user:pass%2Fword@proxy:3128", "pass%2Fword"),
        ("https://t0ken-alone@host/", "t0ken-alone"),
        ("https://host/?k=Ab12Cd34", "Ab12Cd34"),
        ("https://host/?token=short", "short"),
        ("sid=abcdef123; theme=dark-blue", "abcdef123"),
        (f"Basic {base64.b64encode(b'u:hunter22').decode()}", "hunter22"),
    ],
)
def test_a_part_of_a_secret_may_be_one(secret: str, leaked: str):
    """A destination repeats what it understood of a header or an address."""
    assert scrubbed(f"no such user ({leaked})", secret) == "no such user (***)"


def test_each_line_of_a_key_is_a_secret():
    """A program prints one of them, a log escapes the breaks between them."""
    lines = [f"MIIEvQIBADANBgkqhkiG9w0BAQEFAASC{n:032}" for n in range(40)]
    key = "\n".join(["-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----"])
    assert len(key) > 1000
    assert scrubbed(f"cannot read {lines[7]}", key) == "cannot read ***"
    assert lines[0] not in scrubbed(json.dumps({"key": key}), key)


def test_short_secrets_do_not_turn_text_to_stars():
    """Of less than four characters nothing is looked for, of less than eight whole words alone."""
    text = "a public page published at 10:00 by abc"
    assert scrubbed(text, "a", "10", "abc") == text
    assert scrubbed(text, "public") == "a *** page published at 10:00 by abc"


def test_what_an_address_says_openly_is_no_secret():
    """The name of a database, a port, a page."""
    assert list(in_address("http://host:8123/?database=telemetry&page=12")) == []
    assert scrubbed("host telemetry 8123", "http://host:8123/?database=telemetry") == (
        "host telemetry 8123"
    )


OPEN = [
    "tcp://clickhouse:9000/metrics", "http://[::1]:8123/default", "https://proxy.example:3128",
    "http://proxy:3128/",
]  # fmt: skip
CLOSED = [
    "https://hooks.example/services/T000", "https://hooks.example/a1b2c3d4e5",
    "tcp://writer@clickhouse:9000/metrics", "https://host/metrics?k=Ab12Cd34",
    "https://hooks.example.com/qwertyuiopasdfgh", "https://k9x81hd7a6sdf5.ingest.example.com/",
]  # fmt: skip


def test_an_address_that_only_says_where_is_no_secret():
    """A DSN without password is kept as a secret, and its address has to stand in messages."""
    for address in OPEN:
        assert scrubbed(f"{address}: refused", address) == f"{address}: refused"
    for address in CLOSED:
        assert scrubbed(f"{address}: refused", address) == "***: refused"


def test_secrets_are_forgotten_after_the_next_ones():
    """A rotated token is held while answers to it are on their way, and not for ever."""
    known = Secrets()
    seen = []
    for token in ("first-token", "second-token", "third-token"):
        known.hold("file", [token])
        seen.append(known.scrub("first-token second-token third-token"))
    assert seen == [
        "*** second-token third-token",
        "*** *** third-token",
        "first-token *** ***",
    ]


def test_an_error_of_the_contract_says_no_secret():
    """Whatever a writer or plugin puts into its message."""
    hold("test", ["s3cret-t0ken"])
    try:
        error = WriterMisconfigured("the server said: invalid token 's3cret-t0ken'")
        assert str(error) == "the server said: invalid token '***'"
        assert "s3cret" not in f"{error}"
        assert "s3cret" not in repr(error)
    finally:
        hold("test", [])
        hold("test", ["another"])
        hold("test", [])
