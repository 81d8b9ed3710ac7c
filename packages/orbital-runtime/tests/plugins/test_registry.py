"""Plugins and writers by entry point: found, lazy, and never fatal."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from orbital_runtime.plugins.registry import NotInstalled, Registry, Unusable
from orbital_runtime_testing.parts import Drop, Gauge, Store, made_up

GOOD = """
from orbital_sdk import DeviceFields, Host, Metric, Plugin

class UpsDevice(DeviceFields):
    host: Host

class Ups(Plugin[UpsDevice, object]):
    name = "{name}"
    summary = "A stranger's plugin"
    charge = Metric("ups_charge_ratio", "Battery charge", unit="ratio")

    def collect(self, device, ctx):
        return [self.charge(0.5)]
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder like site-packages, on the path, into which a test puts packages as pip would."""
    monkeypatch.syspath_prepend(tmp_path)
    return Site(tmp_path)


class Site:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(
        self,
        distribution: str,
        points: str,
        module: str = "",
        code: str = "",
        needs: Sequence[str] = (),
    ) -> None:
        info = self.folder / f"{distribution.replace('-', '_')}-1.2.dist-info"
        info.mkdir()
        required = "".join(f"Requires-Dist: {one}\n" for one in needs)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n{required}"
        )
        (info / "entry_points.txt").write_text(points)
        if module:
            (self.folder / f"{module}.py").write_text(code)

    def registry(self, **environ: str) -> Registry:
        return Registry.discover(environ, path=[str(self.folder)])


def plugin(name: str, module: str, attribute: str = "Ups") -> str:
    return f"[orbital.plugins]\n{name} = {module}:{attribute}\n"


def test_a_strangers_plugin_is_found(site):
    """Ten lines in a package of their own, and its version comes from the package."""
    site.install("acme-ups", plugin("ups", "acme_ups_a"), "acme_ups_a", GOOD.format(name="ups"))
    registry = site.registry()
    assert registry.names("plugin") == ["ups"]
    assert registry.plugin("ups").name == "ups"
    (entry,) = registry.list()
    assert (entry.name, entry.kind, entry.version, entry.distribution) == (
        "ups",
        "plugin",
        "1.2",
        "acme-ups",
    )
    assert (entry.summary, entry.broken) == ("A stranger's plugin", "")


def test_nothing_is_imported_before_it_is_asked_for(site):
    """A hundred installed plugins cost no start-up time; a second question costs no second import."""
    site.install("acme-ups", plugin("ups", "acme_ups_b"), "acme_ups_b", GOOD.format(name="ups"))
    registry = site.registry()
    assert registry.names("plugin") == ["ups"]
    assert "acme_ups_b" not in sys.modules
    assert registry.plugin("ups") is registry.plugin("ups")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import gone_and_never_there", "its import failed: ModuleNotFoundError: No module named"),
        ("1 / 0", "its import failed: ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "its import failed: SystemExit: 3"),
        ("def (", "its import failed: SyntaxError"),
        ("x = 1", "its import failed: AttributeError"),
        ("Ups = 5", "is not a class derived from orbital_sdk.Plugin"),
        ("class Ups: pass", "is not a class derived from orbital_sdk.Plugin"),
        (GOOD.format(name="other"), "its class is called 'other'; name and entry point must agree"),
        (
            "from orbital_sdk import Plugin\nclass Ups(Plugin): name = 'ups'",
            "its class has no collect() or open() or serve()",
        ),
        (
            GOOD.format(name="ups") + "    contract = 7\n",
            "written for contract 7 of the SDK, and this agent knows 1: install a newer orbital-runtime,",
        ),
        (GOOD.format(name="ups") + "    contract = 'new'\n", "written for contract 'new'"),
        (GOOD.format(name="ups") + "    metadata = None\n", "its metadata is None"),
    ],
)
def test_a_broken_plugin_is_listed_with_its_reason(site, code, reason):
    """Whatever its import does, the others work and the reason names package and version."""
    module = f"acme_broken_{abs(hash(code))}"
    site.install("acme-ups", plugin("ups", module), module, code)
    site.install(
        "acme-good", plugin("good", f"{module}_good"), f"{module}_good", GOOD.format(name="good")
    )
    registry = site.registry()
    with pytest.raises(Unusable) as caught:
        registry.plugin("ups")
    assert reason in str(caught.value)
    assert str(caught.value).startswith("plugin 'ups' of acme-ups 1.2: ")
    rows = {entry.name: entry.broken for entry in registry.list()}
    assert rows["good"] == ""
    assert reason in rows["ups"]
    (broken,) = registry.broken()
    assert (broken.group, broken.name, broken.distribution) == (
        "orbital.plugins",
        "ups",
        "acme-ups",
    )


def test_what_a_package_needs_and_does_not_find_is_named(site):
    """As `pip install --no-deps` leaves it; what holds, or belongs to an extra or another system, is not."""
    needs = [
        "orbital-sdk>=0.1", "pytest <2", "never-there~=3.1", "also-never; extra == 'fast'",
        "nor-this; sys_platform == 'win32'", "what is this",
    ]  # fmt: skip
    code = GOOD.format(name="ups")
    site.install("acme-ups", plugin("ups", "acme_needy"), "acme_needy", code, needs)
    (entry,) = site.registry().list()
    assert entry.broken == ""
    assert entry.unmet == (
        f"pytest<2 ({pytest.__version__} is installed)",
        "never-there~=3.1 (not installed)",
        "'what is this', which is not a requirement that can be read",
    )


def test_of_two_with_one_name_the_first_package_wins(site):
    """The other is listed and says who has the name."""
    site.install("b-ups", plugin("ups", "double_b"), "double_b", GOOD.format(name="ups"))
    site.install("a-ups", plugin("ups", "double_a"), "double_a", GOOD.format(name="ups"))
    registry = site.registry()
    assert registry.plugin("ups").__module__ == "double_a"
    first, second = registry.list()
    assert (first.distribution, first.broken) == ("a-ups", "")
    assert second.distribution == "b-ups"
    assert second.broken.endswith("a-ups has this name already")


def test_a_package_that_stands_twice_on_the_path_counts_once(site, tmp_path):
    """An editable install over a copy is not a double."""
    site.install("acme-ups", plugin("ups", "acme_twice"), "acme_twice", GOOD.format(name="ups"))
    registry = Registry.discover({}, path=[str(tmp_path), str(tmp_path)])
    assert [entry.broken for entry in registry.list()] == [""]


@pytest.mark.parametrize("wanted", ["good", "acme-good", "Acme_Good", " good , nothing"])
def test_the_environment_may_restrict_what_is_there(site, wanted):
    """ORBITAL_PLUGINS: names or packages; all else is as if it were not installed."""
    site.install("acme-ups", plugin("ups", "restrict_a"), "restrict_a", GOOD.format(name="ups"))
    site.install("acme-good", plugin("good", "restrict_b"), "restrict_b", GOOD.format(name="good"))
    assert site.registry(ORBITAL_PLUGINS=wanted).names("plugin") == ["good"]
    assert site.registry(ORBITAL_PLUGINS="").names("plugin") == ["good", "ups"]


def test_a_package_with_an_extension_is_not_restricted(site):
    """Whether it does anything is what settings say; its commands stay, too."""
    points = (
        "[orbital.extensions]\ndepot = acme_ext:Depot\n[orbital.commands]\ndepot = acme_ext:app\n"
    )
    code = "class Depot:\n    name, contract, settings = 'depot', 1, None\napp = None\n"
    site.install("acme-depot", points, "acme_ext", code)
    registry = site.registry(ORBITAL_PLUGINS="other")
    assert [kind.name for kind in registry.extensions()] == ["depot"]
    assert registry.names("command") == ["depot"]


def test_a_broken_extension_is_listed_and_left_out(site):
    """The others work on."""
    site.install("acme-depot", "[orbital.extensions]\ndepot = acme_gone:Depot\n", "acme_ext_b", "")
    registry = site.registry()
    assert registry.extensions() == []
    (entry,) = registry.list()
    assert (entry.kind, entry.name) == ("extension", "depot")
    assert "its import failed" in entry.broken


def test_every_kind_has_its_group(site):
    """Writers, processors and commands are found the same way; a command may be anything."""
    site.install(
        "acme-all",
        "[orbital.writers]\nstore = orbital_runtime_testing.parts:Store\n"
        "[orbital.processors]\ndrop = orbital_runtime_testing.parts:Drop\n"
        "[orbital.commands]\nwalk = acme_all:app\n[console_scripts]\nx = y:z\n",
        "acme_all",
        "app = {'any': 'thing'}",
    )
    registry = site.registry()
    assert registry.writer("store") is Store
    assert registry.processor("drop") is Drop
    assert registry.command("walk") == {"any": "thing"}
    assert [(e.kind, e.name, e.broken) for e in registry.list()] == [
        ("writer", "store", ""), ("processor", "drop", ""), ("command", "walk", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(("kind", "base"), [("writer", "Store"), ("processor", "Drop")])
def test_an_unknown_contract_is_refused_whatever_it_is_for(site, kind, base):
    """By name, with what to install; nothing else that its package offers is refused with it."""
    module = f"acme_{kind}_of_tomorrow"
    site.install(
        "acme-new",
        f"[orbital.{kind}s]\nnew = {module}:New\n{base.lower()} = orbital_runtime_testing.parts:{base}\n",
        module,
        f"from orbital_runtime_testing.parts import {base}\nclass New({base}):\n"
        "    name = 'new'\n    contract = 7\n",
    )
    told = {entry.name: entry.broken for entry in site.registry().list()}
    assert told == {
        base.lower(): "",
        "new": f"{kind} 'new' of acme-new 1.2: it is written for contract 7 of the SDK, and this agent"
        " knows 1: install a newer orbital-runtime, or an older acme-new",
    }


def test_a_missing_name_is_told_with_those_that_are_there():
    """The error says what is installed and how more gets there."""
    with pytest.raises(NotInstalled, match="no plugin is called 'snmp'") as caught:
        made_up().plugin("snmp")
    assert caught.value.hint.startswith("installed: gauge; `pip install`")
    assert NotInstalled("writer", "x", ()).hint.startswith("installed: none")


def test_a_registry_can_be_made_of_classes():
    """Tests never meet what happens to be installed."""
    registry = Registry.of(plugins=[Gauge])
    assert registry.plugin("gauge") is Gauge
    assert registry.names("writer") == []
    assert [entry.name for entry in registry.list()] == ["gauge"]
    assert registry.broken() == []


def test_a_fresh_process_finds_what_was_installed(tmp_path):
    """The whole way: a package on the path of a new interpreter, found without being told."""
    Site(tmp_path).install(
        "acme-ups", plugin("acme", "acme_fresh"), "acme_fresh", GOOD.format(name="acme")
    )
    code = (
        "from orbital_runtime.plugins.registry import Registry\n"
        "print(Registry.discover().plugin('acme').name)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.stdout.strip(), found.stderr) == ("acme", "")


def ups(**attributes):
    """A class that a loader made."""
    return type("Ups", (Gauge,), {"name": "ups", **attributes})


def test_a_loaders_plugin_stands_beside_installed_ones():
    """It is listed with its source, replaces what has its name, and can be taken away again."""
    registry = Registry.of(plugins=[ups()])
    new = ups()
    registry.put(new, source="/etc/plugins/ups", version="2.0")
    assert registry.plugin("ups") is new
    (entry,) = registry.list()
    assert (entry.distribution, entry.version, entry.broken) == ("/etc/plugins/ups", "2.0", "")
    registry.remove("ups")
    with pytest.raises(NotInstalled):
        registry.plugin("ups")


def test_a_loaders_plugin_that_does_not_fit_changes_nothing():
    """The one before stays; one that could not be made at all is listed with the reason."""
    old, wrong = ups(), ups(contract=7)
    registry = Registry.of(plugins=[old])
    with pytest.raises(Unusable, match="is written for contract 7"):
        registry.put(wrong, source="/etc/plugins/ups")
    assert registry.plugin("ups") is old
    registry.refuse("ups", "its program does not start", source="/etc/plugins/ups")
    with pytest.raises(Unusable, match="'ups' of /etc/plugins/ups: its program does not start"):
        registry.plugin("ups")
    assert [one.name for one in registry.broken()] == ["ups"]
