"""URLs, out of settings and out of Location headers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital_plugin_http.url import Url, parse


@pytest.mark.parametrize(
    ("location", "target", "origin"),
    [
        ("/x", "/x", ("http", "a.example", 8080)),
        ("y?b=2", "/dir/y?b=2", ("http", "a.example", 8080)),
        ("?c", "/dir/page?c", ("http", "a.example", 8080)),
        ("//b.example/z", "/z", ("http", "b.example", 80)),
        ("https://a.example:8080/", "/", ("https", "a.example", 8080)),
        ("http://a.example:8080/ä#top", "/%C3%A4", ("http", "a.example", 8080)),
    ],
)
def test_a_location_is_joined_as_browsers_do(
    location: str, target: str, origin: tuple[str, str, int]
) -> None:
    """Relative and absolute locations lead where RFC 3986 says, without their fragment."""
    url = parse("http://a.example:8080/dir/page?a=1").join(location)
    assert (url.target, url.origin) == (target, origin)


@pytest.mark.parametrize(
    "location", ["javascript:alert(1)", "ftp://a/", "http://a:99999/", "http://u:p@b/"]
)
def test_a_location_to_nowhere_is_a_value_error(location: str) -> None:
    """What is not an http or https URL is refused."""
    with pytest.raises(ValueError, match=r".+"):
        parse("http://a/").join(location)


@given(text=st.text(max_size=80), absolute=st.booleans())
def test_any_text_is_a_url_or_a_value_error(*, text: str, absolute: bool) -> None:
    """Nothing else is raised, and what comes out can stand in a request line and a Host header."""
    try:
        url = parse(f"http://h/{text}" if absolute else text)
    except ValueError:
        return
    for part in (url.target, url.authority):
        assert part.isascii()
        assert part.isprintable()
        assert " " not in part


def test_zone_and_default_port_stay_out_of_the_host_header() -> None:
    """A Host header names what the server knows: not our interface, not the port that goes without saying."""
    assert parse("http://[fe80::1%eth0]:80/").authority == "[fe80::1]"
    assert parse("https://a.example:443/").authority == "a.example"
    assert parse("https://a.example:80/").authority == "a.example:80"


def test_a_query_parameter_is_added_encoded() -> None:
    """A key in the query may hold any character, and shows in no text of the URL."""
    url = Url("http", "a", 80, "/x", "a=1").with_query("key", "p&q=1/ü")
    assert url.target == "/x?a=1&key=p%26q%3D1%2F%C3%BC"
    assert str(url) == "http://a/x"
