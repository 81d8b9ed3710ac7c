"""Packages as an index gets them: their contents, and agents installed and upgraded from such an index."""

from __future__ import annotations

import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
import zipfile
from dataclasses import replace
from email.parser import Parser
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from orbital_dev import distributions
from orbital_dev.uv import find_uv
from orbital_dev.workspace import Member, find_root, members

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = find_root(Path(__file__).parent)
PUBLISHED = {member.name: member for member in members(ROOT) if member.published}
EXAMPLE = ROOT / "packages" / "orbital-sdk" / "examples" / "acme-orbital-hello"
REPOSITORY = "https://git.example.com/orbital/sentinel"


class Index(NamedTuple):
    """A package index on loopback: a folder for each name."""

    address: str
    simple: Path

    def publish(self, member: Member, root: Path = ROOT) -> None:
        distributions.build(root, member, self.simple / member.name, repository=REPOSITORY)

    def publish_version(self, name: str, version: str, tmp_path: Path, *, sdk: str = "") -> None:
        """The same sources as another version, which asks for another range of the SDK where one is given."""
        member, copy = replace(PUBLISHED[name], version=version), tmp_path / f"{name}-{version}"
        shutil.copytree(ROOT / member.folder, copy / member.folder)
        project = copy / member.folder / "pyproject.toml"
        text = re.sub(r'(?m)^version = ".*"$', f'version = "{version}"', project.read_text())
        if sdk:
            text = re.sub(r'"orbital-sdk[^"]*"', f'"orbital-sdk{sdk}"', text)
        project.write_text(text)
        self.publish(member, copy)


class Environment(NamedTuple):
    """A virtual environment whose packages of ours come from that index and from nowhere else."""

    folder: Path
    index: Index

    def install(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._uv("pip", "install", "--python", self.folder / "bin" / "python",
                        "--index", f"{self.index.address}/simple", *arguments)  # fmt: skip

    def version(self, name: str) -> str:
        listed = self._uv(
            "pip", "list", "--python", self.folder / "bin" / "python", "--format", "json"
        )
        return next(row["version"] for row in json.loads(listed.stdout) if row["name"] == name)

    def sentinel(self, *arguments: str, cwd: Path) -> str:
        return _output(self.folder / "bin" / "sentinel", *arguments, cwd=cwd)

    def plugins(self, cwd: Path) -> list[dict[str, str]]:
        return json.loads(self.sentinel("plugins", "list", "--output", "json", cwd=cwd))

    @staticmethod
    def _uv(*command: object) -> subprocess.CompletedProcess[str]:
        words = [find_uv(), *map(str, command)]
        return subprocess.run(words, capture_output=True, text=True, check=False, cwd="/")


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Files without a log."""

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def index(tmp_path_factory) -> Iterator[Index]:
    """Every published package, built for it."""
    folder = tmp_path_factory.mktemp("index")
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=folder)
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = Index(f"http://127.0.0.1:{server.server_port}", folder / "simple")
    for member in PUBLISHED.values():
        here.publish(member)
    yield here
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def environment(index, tmp_path_factory) -> Environment:
    """The agent with its default set, installed from the index."""
    made = _environment(index, tmp_path_factory.mktemp("whole"))
    done = made.install("orbital-sentinel")
    assert done.returncode == 0, done.stderr
    return made


def _environment(index: Index, folder: Path) -> Environment:
    command = [find_uv(), "venv", "--quiet", "--seed", "--python", sys.executable, folder / "venv"]
    subprocess.run(command, check=True)
    return Environment(folder / "venv", index)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_wheel_has_what_an_index_shows(index, name):
    """Licence, types, addresses of the project at this version, and a page whose links work on the index."""
    (wheel,) = (index.simple / name).glob(f"*-{PUBLISHED[name].version}-*.whl")
    with zipfile.ZipFile(wheel) as opened:
        files = {Path(file).name: file for file in opened.namelist()}
        assert opened.read(files["LICENSE"]) == (ROOT / "LICENSE").read_bytes()
        assert "py.typed" in files
        metadata = Parser().parsestr(opened.read(files["METADATA"]).decode())
    addresses = metadata.get_all("Project-URL") or []
    assert {line.split(",")[0] for line in addresses} == {
        "Homepage",
        "Source",
        "Changelog",
        "Issues",
    }
    assert all(line.split(", ")[1].startswith(REPOSITORY) for line in addresses)
    links = re.findall(r"\]\(([^)\s]+)", metadata.get_payload())
    assert [link for link in links if not link.startswith(("https://", "http://", "#"))] == []


@pytest.mark.parametrize("name", PUBLISHED)
def test_links_of_a_wheel_lead_to_files_of_the_repository(index, name):
    """Each address below the repository is a path that this tree has."""
    (wheel,) = (index.simple / name).glob(f"*-{PUBLISHED[name].version}-*.whl")
    with zipfile.ZipFile(wheel) as opened:
        (place,) = (file for file in opened.namelist() if file.endswith(".dist-info/METADATA"))
        page = Parser().parsestr(opened.read(place).decode()).get_payload()
    base = f"{REPOSITORY}/blob/{PUBLISHED[name].tag}/"
    paths = re.findall(rf"{re.escape(base)}([^)#\s]*)", page)
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_source_distribution_can_be_built_from(index, name):
    """It has licence and sources as files, not as links out of it."""
    (archive,) = (index.simple / name).glob(f"*-{PUBLISHED[name].version}.tar.gz")
    with tarfile.open(archive) as opened:
        files = {file.name.partition("/")[2]: file for file in opened.getmembers()}
    assert files["LICENSE"].isfile()
    assert any(path.startswith("src/") and path.endswith("/__init__.py") for path in files)


def test_no_page_installs_the_other_project_of_this_name():
    """The public index gives `orbital-sentinel` to a satellite tracker; no command fetches it."""
    listed = subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    text = "\n".join((ROOT / page).read_text() for page in listed.stdout.splitlines())
    commands = re.findall(r"(?:pip|tool) install\s[^`\n#]*(?<!/)\borbital-sentinel\b.*", text)
    assert [command for command in commands if "--index" not in command] == []


def test_the_default_set_is_a_working_agent(environment, tmp_path):
    """Installed into an empty environment, the command line works and finds its plugins."""
    names = {
        (row["kind"], row["name"]) for row in environment.plugins(tmp_path) if not row["broken"]
    }
    assert {
        ("plugin", "ping"),
        ("plugin", "http"),
        ("writer", "prometheus"),
        ("writer", "file"),
    } <= names
    assert (environment.folder / "bin" / "orbital-sentinel").exists()


def test_a_ten_line_plugin_is_found_and_collects(environment, tmp_path):
    """`pip install` from another folder is all it takes; `run --once` delivers what it gave."""
    stranger = shutil.copytree(EXAMPLE, tmp_path / "stranger")
    pip = [environment.folder / "bin" / "python", "-m", "pip", "install", "--quiet", str(stranger)]
    subprocess.run(pip, check=True)
    (found,) = [
        r for r in environment.plugins(tmp_path) if r["distribution"] == "acme-orbital-hello"
    ]
    assert not found["broken"]
    module = next((EXAMPLE / "src").rglob("*.py"))
    lines = [line for line in module.read_text().splitlines() if line.strip()]
    code = [line for line in lines if not line.startswith(("from", "import", '"""'))]
    assert len(code) <= 12
    (tmp_path / "config.yaml").write_text(
        f"""
sender:
  mode: direct
  direct: {{file: {{path: {tmp_path}/out.jsonl}}}}
tasks:
  - {{id: stranger, plugin: {found["name"]}, interval: 10s}}
"""
    )
    environment.sentinel("run", "--once", "--config", "config.yaml", cwd=tmp_path)
    names = {json.loads(line)["name"] for line in (tmp_path / "out.jsonl").read_text().splitlines()}
    assert "up" in names
    assert len(names) > 3  # its own besides the agent's three


def test_one_plugin_is_upgraded_alone_and_goes_back(environment, tmp_path):
    """Nothing else changes its version, and the agent works with either."""
    before = environment.version("orbital-plugin-ping")
    after = _after(before, 1)
    environment.index.publish_version("orbital-plugin-ping", after, tmp_path)
    done = environment.install("--upgrade-package", "orbital-plugin-ping", "--refresh-package",
                               "orbital-plugin-ping", "orbital-plugin-ping")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.findall(r"(?m)^ [+-] (\S+)==", done.stderr) == ["orbital-plugin-ping"] * 2
    row = next(row for row in environment.plugins(tmp_path) if row["name"] == "ping")
    assert (row["version"], row["broken"]) == (after, "")
    assert environment.install(f"orbital-plugin-ping=={before}").returncode == 0
    assert environment.version("orbital-plugin-ping") == before


def test_plugins_survive_a_minor_version_of_the_sdk(environment, tmp_path):
    """What was released before it still loads."""
    before = environment.version("orbital-sdk")
    environment.index.publish_version("orbital-sdk", "0.99.0", tmp_path)
    done = environment.install("--refresh-package", "orbital-sdk", "orbital-sdk==0.99.0")
    assert done.returncode == 0, done.stderr
    assert [row for row in environment.plugins(tmp_path) if row["broken"]] == []
    assert environment.install(f"orbital-sdk=={before}").returncode == 0


def test_a_plugin_for_a_newer_sdk_is_refused_by_name(environment, tmp_path):
    """By the installer, which changes nothing; and by the agent, if somebody forces it in."""
    before = environment.version("orbital-plugin-ping")
    after = _after(before, 2)
    environment.index.publish_version("orbital-plugin-ping", after, tmp_path, sdk=">=7,<8")
    wanted = ("--refresh-package", "orbital-plugin-ping", f"orbital-plugin-ping=={after}")
    refused = environment.install(*wanted)
    assert refused.returncode
    assert "orbital-sdk" in refused.stderr
    assert environment.version("orbital-plugin-ping") == before
    assert environment.install("--no-deps", *wanted).returncode == 0
    row = next(row for row in environment.plugins(tmp_path) if row["name"] == "ping")
    assert "orbital-sdk>=7" in json.dumps(row).replace("<8,>=7", ">=7,<8")
    assert environment.install(f"orbital-plugin-ping=={before}").returncode == 0


def test_a_tool_of_uv_is_the_whole_agent(index, tmp_path):
    """`uv tool install` from an index of one's own brings the command."""
    places = {"UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin")}
    command = [find_uv(), "tool", "install", "--quiet", "--python", sys.executable,
               "--index", f"{index.address}/simple", "orbital-sentinel"]  # fmt: skip
    subprocess.run(command, check=True, cwd=tmp_path, env=os.environ | places)
    assert PUBLISHED["orbital-sentinel"].version in _output(
        tmp_path / "bin" / "sentinel", "version", cwd=tmp_path
    )


def _after(version: str, steps: int) -> str:
    """A later patch of the same minor version."""
    major, minor, patch = map(int, version.split("."))
    return f"{major}.{minor}.{patch + steps}"


def _output(program: Path, *arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        [program, *arguments], cwd=cwd, capture_output=True, text=True, check=False,
        env={"HOME": str(cwd), "XDG_RUNTIME_DIR": str(cwd / "run"), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
