"""The pages: what is wrong first, whatever names and errors contain, in both languages."""

from __future__ import annotations

import re

import pytest

from orbital_console.history.values import Series
from orbital_console.web.language import LANGUAGES, messages, preferred
from orbital_console.web.plot import WIDTH, plot

HOSTILE = "<script>alert(1)</script>"


async def test_overview_shows_what_is_wrong_and_escapes_it(site):
    """The broken device with its cause and advice; nothing that a device says becomes markup."""
    code, page, headers = await site.get("/")
    assert code == 200
    assert HOSTILE not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; does not answer" in page
    assert 'href="/devices/gate/%3Cb%3E"' in page
    assert "<code>sentinel test bad</code>" in page
    assert "task good" not in page
    assert "script-src 'self'" in headers["content-security-policy"]
    assert not re.search(r"<script(?! src=)|\son\w+=|style=", page)


async def test_overview_has_outputs_that_are_gone(site, monkeypatch):
    """Samples wait for an output that is not configured any more: it has no address."""
    gone = {"name": "gone", "phase": "orphaned", "reason": "", "orphaned_since": 7, "ledger": None}
    monkeypatch.setattr("orbital_runtime.telemetry.api.views.outputs", lambda _: [gone])
    code, page, _ = await site.get("/")
    assert code == 200
    assert '<th scope="row">gone</th>' in page


async def test_device_has_its_runs_and_series(site):
    """A bar of its runs, and each series with its last value; label values are text."""
    code, page, _ = await site.get("/devices/gate")
    assert code == 200
    assert page.count('<rect class="ok"') == 1
    assert "door_open" in page
    assert "leaf=&lt;script&gt;" in page
    code, page, _ = await site.get("/devices/gate/%3Cb%3E")
    assert (code, page.count('<rect class="failed"')) == (200, 1)


async def test_unknown_device(site):
    """Neither a crash nor an echo of markup."""
    code, page, _ = await site.get("/devices/%3Cimg%20src=x%3E")
    assert code == 404
    assert "<img" not in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", 2),
        ("q=GATE", 2),
        ("q=does+not", 1),
        ("state=failing", 1),
        ("state=ok", 1),
        ("q=nix", 0),
        ("page=9", 0),
    ],
)
async def test_tasks_are_searched(site, query, shown):
    """By any text of a task, and by state."""
    code, page, _ = await site.get(f"/tasks?{query}")
    assert code == 200
    assert page.count('<tr><th scope="row">') == shown


async def test_bad_query_is_refused(site):
    """A page that is not a number is the client's mistake."""
    assert (await site.get("/tasks?page=-1"))[0] == 400


async def test_files_are_those_of_the_console(site):
    """Nothing but its two files; no way out of the folder."""
    for name in ("console.css", "console.js"):
        assert (await site.get(f"/console/{name}"))[0] == 200
    for name in ("..%2fpages.py", "templates", "console.html"):
        assert (await site.get(f"/console/{name}"))[0] == 404


async def test_language_follows_the_browser_or_the_choice(site):
    """A choice is kept in a cookie, and wins over the browser's wish."""
    _, page, _ = await site.get("/", **{"Accept-Language": "zh-CN,en;q=0.5"})
    assert 'lang="zh"' in page
    _, page, headers = await site.get("/?lang=en", **{"Accept-Language": "zh"})
    assert '<html lang="en">' in page
    assert "sentinel_language=en" in headers["set-cookie"]
    _, page, _ = await site.get("/?lang=../en")
    assert '<html lang="en">' in page


def test_languages_are_complete():
    """Each has the same messages, and none is empty."""
    first, *others = (messages(language) for language in LANGUAGES)
    for other in others:
        assert other.keys() == first.keys()
    assert all(text.strip() for language in LANGUAGES for text in messages(language).values())


@pytest.mark.parametrize(
    ("header", "language"), [("", "en"), ("fr, zh-TW;q=0.4", "zh"), ("*", "en")]
)
def test_preferred_language(header, language):
    """The first that there is."""
    assert preferred(header) == language


@pytest.mark.parametrize(
    "values", [[], [1.0], [float("inf"), 1.0], [1e308, -1e308, 0.0], [5.0, 5.0], [0.0, 1.0, 0.5]]
)
def test_plot_stays_in_its_box(values):
    """Whatever the values are: a path within the box, or none."""
    path = plot(Series("a", "", {}, [(1000 * n, value) for n, value in enumerate(values)])).path
    numbers = [float(one) for one in re.findall(r"[\d.]+", path)]
    assert all(0 <= one <= WIDTH for one in numbers)
    assert "nan" not in path
    assert bool(path) == (len([v for v in values if abs(v) != float("inf")]) > 1)
