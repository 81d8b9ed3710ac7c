"""`orbital-dev` on small made-up workspaces."""

import json
import subprocess
import sys

import pytest

from orbital_dev.changes import breakable, changed_files
from orbital_dev.workspace import dependants, members

ROOT = """
[project]
name = "root"
version = "0"
[tool.uv.workspace]
members = ["packages/*", "tools/*"]
"""
LOCK = """
[[package]]
name = "sdk"
source = { editable = "packages/sdk" }
[[package]]
name = "plugin"
dependencies = [{ name = "sdk" }, { name = "requests" }]
[[package]]
name = "writer"
[package.dev-dependencies]
test = [{ name = "plugin" }]
[[package]]
name = "app"
[package.optional-dependencies]
all = [{ name = "writer" }]
[[package]]
name = "lone"
[[package]]
name = "root"
dependencies = [{ name = "sdk" }]
"""


class Tree:
    """A workspace under git, and the command run in it."""

    def __init__(self, root):
        self.root = root
        self.write("pyproject.toml", ROOT)
        self.write("uv.lock", LOCK)
        self.write(".gitignore", "*.pyc\n")
        self.member("packages/sdk", "1.2.0")
        self.member("packages/plugin", "0.1.0", dependencies=["sdk>=1.1,<2", "requests>=2"])
        self.member("packages/writer", "0.1.0")
        self.member("packages/app", "0.1.0")
        self.member("tools/lone", "0.1.0", private=True)
        self.git("init", "-q", "-b", "main")
        self.commit()
        self.git("branch", "base")

    def write(self, path, text="x\n"):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def member(self, folder, version, *, dependencies=(), private=False, more=""):
        classifiers = ["Private :: Do Not Upload"] if private else []
        project = {"dependencies": list(dependencies), "classifiers": classifiers}
        lines = [f"{key} = {json.dumps(value)}" for key, value in project.items()]
        name = folder.rpartition("/")[2]
        head = f'[project]\nname = "{name}"\nversion = "{version}"\n'
        self.write(f"{folder}/pyproject.toml", head + "\n".join(lines) + f"\n{more}")
        self.write(f"{folder}/src/{name}/__init__.py")
        self.write(f"{folder}/changelog.d/.gitkeep", "")

    def git(self, *arguments):
        who = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, *arguments], cwd=self.root, check=True, capture_output=True)

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "x")

    def run(self, *arguments, folder="."):
        """Exit code, output and complaints."""
        command = [sys.executable, "-c", "from orbital_dev.cli import main; main()", *arguments]
        done = subprocess.run(
            command, cwd=self.root / folder, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout.strip(), done.stderr.strip()

    def changed(self):
        """What the change since `base` can break."""
        return breakable(
            changed_files(self.root, "base"), members(self.root), dependants(self.root)
        )


ALL = ["app", "lone", "plugin", "sdk", "writer"]


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def test_nothing_changed_breaks_nothing(tree):
    """An empty list, which CI can skip."""
    assert tree.changed() == []


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("packages/sdk/src/sdk/__init__.py", ["app", "plugin", "sdk", "writer"]),
        ("packages/plugin/src/plugin/new.py", ["app", "plugin", "writer"]),
        ("packages/writer/tests/test_writer.py", ["app", "writer"]),
        ("packages/app/README.md", ["app"]),
        ("tools/lone/src/lone/a b.py", ["lone"]),
        ("tools/debian.sh", ALL),
        ("uv.lock", ALL),
        ("pyproject.toml", ALL),
        (".github/workflows/check.yml", ALL),
        (".ci/run", ALL),
        ("tests/test_whole.py", ALL),
        ("Makefile", ALL),
        ("README.md", []),
        ("docs/design.md", []),
        ("packages/sdk/src/sdk/cache.pyc", []),
    ],
)
@pytest.mark.parametrize("committed", [True, False])
def test_a_change_breaks_its_package_and_all_that_depend_on_it(tree, path, names, committed):
    """Through tests and extras too. What lies outside of packages breaks all; documents break none."""
    tree.write(path, {"uv.lock": LOCK + "\n", "pyproject.toml": ROOT + "\n"}.get(path, "new\n"))
    if committed and names:
        tree.commit()
    assert tree.changed() == names


def test_a_moved_file_breaks_both_places(tree):
    """Where it was and where it is now."""
    (tree.root / "tools/lone/src/lone/__init__.py").rename(
        tree.root / "packages/app/src/app/moved.py"
    )
    tree.commit()
    assert tree.changed() == ["app", "lone"]


def test_a_removed_package_breaks_all(tree):
    """Somebody may have used it."""
    tree.git("rm", "-r", "-q", "tools/lone")
    assert tree.changed() == ["app", "plugin", "sdk", "writer"]


def test_what_others_did_meanwhile_is_not_our_change(tree):
    """Compared is from where the branch began, not with the newest state of the base."""
    tree.git("checkout", "-q", "base")
    tree.write("packages/sdk/src/sdk/theirs.py")
    tree.commit()
    tree.git("checkout", "-q", "main")
    tree.write("packages/app/src/app/ours.py")
    tree.commit()
    assert tree.changed() == ["app"]


def test_all_packages_on_demand(tree):
    """For main and for the nightly run."""
    code, out, err = tree.run("changed", "--all")
    assert (code, json.loads(out), err) == (0, ALL, "")


def test_it_works_from_any_folder_of_the_tree(tree):
    """The root is found upwards."""
    tree.write("packages/app/new.py")
    assert tree.run("changed", "base", folder="packages/app/src") == (0, '["app"]', "")


def test_an_unknown_base_is_told(tree):
    """Not an empty list, which would test nothing."""
    code, out, err = tree.run("changed", "nowhere")
    assert (code, out) == (2, "")
    assert "nowhere" in err
    assert "name another base" in err
    assert "Traceback" not in err


def test_a_folder_outside_of_any_workspace_is_told(tmp_path):
    """In a sentence."""
    command = [sys.executable, "-c", "from orbital_dev.cli import main; main()", "ranges"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "is in no uv workspace" in done.stderr) == (2, True)


def test_ranges_that_hold(tree):
    """Silence and 0; prereleases and other people's packages are no matter."""
    tree.member("packages/sdk", "1.3.0rc1")
    assert tree.run("ranges") == (0, "", "")


@pytest.mark.parametrize(
    "asked",
    [
        {"dependencies": ["Sdk[extra]>=1.3,<2"]},
        {"more": '[project.optional-dependencies]\nx = ["sdk<1.2"]'},
        {"more": '[dependency-groups]\ntest = ["sdk==2.*", {include-group = "y"}]\ny = []'},
        {"dependencies": ["sdk<1; python_version < '3'"]},
    ],
)
def test_a_range_that_does_not_hold_is_told(tree, asked):
    """In dependencies, extras and groups alike, with both places where it can be mended."""
    tree.member("packages/plugin", "0.1.0", **asked)
    code, out, err = tree.run("ranges")
    assert (code, out) == (1, "")
    assert err.startswith("plugin wants")
    assert "but sdk is 1.2.0 here" in err
    assert "packages/plugin/pyproject.toml and packages/sdk/pyproject.toml" in err


def test_every_broken_range_is_told_at_once(tree):
    """One line each."""
    tree.member("packages/plugin", "0.1.0", dependencies=["sdk>=2"])
    tree.member("packages/app", "0.1.0", dependencies=["sdk>=2", "plugin>=1"])
    assert len(tree.run("ranges")[2].splitlines()) == 3


def test_a_change_of_sources_needs_news(tree):
    """Users read about it; tests, documents and private packages need none."""
    tree.write("packages/plugin/tests/test_x.py")
    tree.write("packages/app/README.md")
    tree.write("tools/lone/src/lone/new.py")
    assert tree.run("fragments", "base") == (0, "", "")
    tree.write("packages/plugin/src/plugin/new.py")
    code, out, err = tree.run("fragments", "base")
    assert (code, out) == (1, "")
    assert err == (
        "packages/plugin/src/ changed; say so to users of plugin"
        " in packages/plugin/changelog.d/<issue>.<kind>.md"
    )
    tree.write("packages/plugin/changelog.d/7.fixed.md", "Said.\n")
    assert tree.run("fragments", "base") == (0, "", "")


def test_news_of_another_package_or_of_old_do_not_count(tree):
    """Each package has its own, and each change too."""
    tree.write("packages/plugin/changelog.d/7.added.md")
    tree.commit()
    tree.git("branch", "-f", "base")
    tree.write("packages/plugin/src/plugin/new.py")
    tree.write("packages/sdk/changelog.d/8.added.md")
    tree.write("packages/plugin/changelog.d/.gitkeep", "touched")
    assert "say so to users of plugin" in tree.run("fragments", "base")[2]
    (tree.root / "packages/plugin/changelog.d/7.added.md").unlink()
    assert "say so to users of plugin" in tree.run("fragments", "base")[2]


@pytest.mark.parametrize("name", ["7.md", "7.feature.md", "7.added.txt", "added.md"])
def test_news_under_a_wrong_name_is_told(tree, name):
    """Towncrier would pass it over in silence."""
    tree.write("packages/plugin/src/plugin/new.py")
    tree.write(f"packages/plugin/changelog.d/{name}")
    lines = tree.run("fragments", "base")[2].splitlines()
    assert lines[0] == (
        f"packages/plugin/changelog.d/{name}: call it <issue>.<added|changed|fixed|removed|security>.md"
    )
    assert len(lines) == 2
