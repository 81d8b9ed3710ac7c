"""What happens before a package is on an index: order, names, links, the next version."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from orbital_dev.distributions import absolute_links
from orbital_dev.index import IndexUnreachable, NameTaken, in_order, unpublished
from orbital_dev.metadata import incomplete
from orbital_dev.release import ReleaseFailed, prepare
from orbital_dev.workspace import Member, find_root, members

ROOT = find_root(Path(__file__).parent)
OURS = "https://git.example.com/orbital/sentinel"


def _member(name, *dependencies, version="1.0.0", **project):
    document = {"project": {"dependencies": [*dependencies], **project}}
    return Member(name, version, f"packages/{name}", document)


@contextmanager
def _index(projects, status=200):
    """PyPI's JSON API for these names."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            known = projects.get(self.path.split("/")[2])
            self.send_response(status if known else 404)
            self.end_headers()
            self.wfile.write(json.dumps(known).encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _project(*versions, source=f"{OURS}/tree/x"):
    info = {"project_urls": {"Source": source}, "version": versions[-1], "author": "Somebody"}
    return {"info": info, "releases": {version: [] for version in versions}}


def test_every_package_comes_after_what_it_needs():
    """Whatever their names are; what an extra asks for does not count."""
    app = _member("a", "z>=1", "m")
    sdk = _member("z", **{"optional-dependencies": {"all": ["a"]}})
    assert [each.name for each in in_order([app, sdk, _member("m", "z")])] == ["z", "m", "a"]


def test_packages_that_need_each_other_are_named():
    """No order would do."""
    with pytest.raises(LookupError, match=r"a -> b -> a|b -> a -> b"):
        list(in_order([_member("a", "b"), _member("b", "a")]))


def test_the_workspace_itself_has_an_order():
    """The SDK is first among ours, the agent last."""
    names = [member.name for member in in_order(members(ROOT))]
    assert (
        names.index("orbital-sdk")
        < names.index("orbital-runtime")
        < names.index("orbital-sentinel")
    )


def test_what_the_index_lacks_is_published():
    """New packages and new versions, and nothing that is there."""
    with _index({"b": _project("0.9.0", "1.0.0"), "c": _project("0.9.0")}) as index:
        missing = unpublished([_member("a", "c"), _member("b"), _member("c")], OURS, index)
        assert [member.name for member in missing] == ["c", "a"]


@pytest.mark.parametrize("source", ["https://git.example.com/orbital/sentinel-tracker", ""])
def test_a_name_of_somebody_else_is_refused(source):
    """Also one whose address only begins like ours."""
    with (
        _index({"a": _project("0.1.0", source=source)}) as index,
        pytest.raises(NameTaken, match=r"name a .*version 0\.1\.0, by Somebody"),
    ):
        list(unpublished([_member("a")], OURS, index))


def test_an_index_that_fails_publishes_nothing():
    """An outage must not look like a free name."""
    with _index({"a": {}}, status=404), pytest.raises(IndexUnreachable, match="try again"):
        list(unpublished([_member("a")], OURS, "http://127.0.0.1:9"))
    with _index({"a": _project("1.0.0")}, status=503) as index, pytest.raises(IndexUnreachable):
        list(unpublished([_member("a")], OURS, index))


def test_links_of_a_page_become_addresses():
    """Files and folders, with their places; not what is an address or a place of the page already."""
    page = "[a](../x/y.md#z) [b](LICENSE) [c](#d) [e](https://e/) [f](src/) ![g](i.svg)"
    assert absolute_links(page, "B", "packages/p") == (
        "[a](B/packages/x/y.md#z) [b](B/packages/p/LICENSE) [c](#d) [e](https://e/)"
        " [f](B/packages/p/src) ![g](B/packages/p/i.svg)"
    )


def test_a_link_out_of_the_repository_is_refused():
    """It would lead nowhere on the index."""
    with pytest.raises(LookupError, match="leaves the repository"):
        absolute_links("[a](../../../x)", "B", "packages/p")


def test_what_an_index_shows_is_complete(tmp_path):
    """A package that lacks it is named with the key; a private one needs none."""
    (tmp_path / "LICENSE").write_text("x")
    bare = list(incomplete(tmp_path, [_member("a")]))
    assert "packages/a/pyproject.toml: [project] has no `license-files`" in bare
    assert any("ln -s" in sentence for sentence in bare)
    private = _member("a", classifiers=["Private :: Do Not Upload"])
    assert list(incomplete(tmp_path, [private])) == []


@pytest.fixture
def workspace(tmp_path):
    """A workspace of one package, with this project's settings of towncrier."""
    towncrier = (ROOT / "pyproject.toml").read_text().partition("[tool.towncrier]")[2]
    (tmp_path / "pyproject.toml").write_text(
        '[tool.uv.workspace]\nmembers = ["packages/*"]\n[tool.towncrier]' + towncrier
    )
    folder = tmp_path / "packages" / "writer"
    (folder / "changelog.d").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "writer"\nversion = "0.1.3"\nrequires-python = ">=3.11"\n'
    )
    (folder / "changelog.d" / "21.fixed.md").write_text("A line is never cut in two.\n")
    return tmp_path


def test_a_release_raises_the_version_and_writes_the_changelog(workspace):
    """Every fragment becomes a line of the section, and is gone; the lock file knows the version."""
    (member,) = members(workspace)
    assert prepare(workspace, member, "minor") == "0.2.0"
    assert [each.version for each in members(workspace)] == ["0.2.0"]
    assert 'version = "0.2.0"' in (workspace / "uv.lock").read_text()
    changes = (workspace / member.folder / "CHANGELOG.md").read_text()
    assert "## 0.2.0 (" in changes
    assert "* A line is never cut in two. (#21)" in changes.replace("- A", "* A")
    assert not list((workspace / member.folder).glob("changelog.d/*.md"))


def test_a_package_without_news_is_not_released(workspace):
    """Nobody could say what is new in it."""
    (member,) = members(workspace)
    (workspace / member.folder / "changelog.d" / "21.fixed.md").unlink()
    with pytest.raises(ReleaseFailed, match="nothing to release"):
        prepare(workspace, member, "minor")
    assert [each.version for each in members(workspace)] == ["0.1.3"]
