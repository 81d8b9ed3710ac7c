"""Digest authentication, against the examples of its standards."""

from __future__ import annotations

import hashlib

import pytest

from orbital_plugin_http.digest import Digest, challenge

RFC_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm: str, response: str) -> None:
    """Section 3.9.1: Mufasa's answer, for both hashes."""
    digest = Digest("Mufasa", "Circle of Life")
    assert digest.header("GET", "/dir/index.html") is None
    assert digest.learn(RFC_7616.format(algorithm=algorithm))
    header = digest.header("GET", "/dir/index.html", CNONCE)
    assert header is not None
    assert f'response="{response}"' in header
    assert 'uri="/dir/index.html"' in header
    assert header.endswith(f"algorithm={algorithm}, qop=auth, nc=00000001")


def test_the_old_form_without_qop() -> None:
    """RFC 2069, whose example's answer is corrected in the errata: 1949323746fe6a43ef61f9606e7febea."""
    digest = Digest("Mufasa", "CircleOfLife")
    assert digest.learn(
        'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    )
    header = digest.header("GET", "/dir/index.html")
    assert header is not None
    assert 'response="1949323746fe6a43ef61f9606e7febea"' in header
    assert "qop" not in header
    assert "cnonce" not in header


def test_a_session_s_secret_has_the_nonce_in_it() -> None:
    """MD5-sess hashes user and password together with both nonces (RFC 7616, 3.4.2)."""
    digest = Digest("a", "b")
    digest.learn('Digest realm="r", nonce="n", qop=auth, algorithm=MD5-sess')

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    secret = md5(md5("a:r:b") + ":n:c")
    response = md5(f"{secret}:n:00000001:c:auth:{md5('GET:/')}")
    assert f'response="{response}"' in (digest.header("GET", "/", "c") or "")


@pytest.mark.parametrize(
    ("header", "nonce"),
    [
        ('Basic realm="a", Digest realm="b, c", nonce="1"', "1"),
        ('Digest nonce="1", algorithm=NEW, Digest nonce="2", algorithm=SHA-256', "2"),
        ('digest nonce=1, qop="auth-int", Digest nonce="q\\"2"', 'q"2'),
        ('Negotiate, Digest nonce="1", Basic realm="x", nonce="9"', "1"),
        ('Basic realm="Digest nonce=1"', None),
        ("Digest", None),
    ],
)
def test_the_first_challenge_that_can_be_met_is_taken(header: str, nonce: str | None) -> None:
    """A server may offer several schemes and hashes in one header."""
    found = challenge(header)
    assert (found.nonce if found else None) == nonce


def test_quotes_in_names_are_escaped() -> None:
    """A user name or realm with quotes cannot end its field."""
    digest = Digest('a"b', "c")
    digest.learn('Digest realm="x\\"y", nonce="n"')
    header = digest.header("GET", '/"')
    assert header is not None
    assert 'username="a\\"b", realm="x\\"y"' in header


def test_a_refusal_under_a_new_nonce_is_final() -> None:
    """Trying again helps where the nonce was old or stale, and not where the password is wrong."""
    digest = Digest("a", "b")
    assert digest.learn('Digest realm="r", nonce="1"')
    digest.header("GET", "/")
    assert not digest.learn('Digest realm="r", nonce="2"')
    digest.header("GET", "/")
    digest.header("GET", "/")
    assert digest.learn('Digest realm="r", nonce="3"')
    digest.header("GET", "/")
    assert digest.learn('Digest realm="r", nonce="4", stale=TRUE')
