"""Folders with a plugin.yaml become plugins, and a broken one costs itself alone."""

import os

import pytest

from orbital_runtime.directory.files import watched
from orbital_runtime.directory.placing import placed, put_plugins
from orbital_runtime.directory.search import search
from orbital_runtime.plugins.registry import NotInstalled, Registry, Unusable
from orbital_runtime.settings import SettingsError, load
from orbital_sdk import ConfigurationError, DeviceFields, Metric, Plugin, PluginConfig
from orbital_sdk.loader import Loader
from orbital_sdk.schema.field_model import field_model
from orbital_sdk.schema.plugin_file import PluginFile, checked


class Toy(Plugin[DeviceFields, PluginConfig]):
    """Gives one number."""

    name = "toy"
    value = Metric("toy_value")

    async def collect(self, device, ctx):
        return [self.value(1)]


class ToyLoader(Loader):
    """Makes toys of descriptions."""

    name = "exec"

    def fits(self, description):
        return "toy" in description["meta"]

    def load(self, folder, description):
        file = checked(PluginFile, description)
        if file.exec and "boom" in file.exec:
            raise ValueError("a bug")
        if file.exec and "wrong" in file.exec:
            raise ConfigurationError("is wrong", field="exec.wrong")
        device = field_model("Device", file.device_fields, DeviceFields, at="device_fields")
        return type("Made", (Toy,), {"name": file.meta.name, "device_model": device})


@pytest.fixture
def registry():
    return Registry.of(plugins=[Toy], loaders=[ToyLoader])


@pytest.fixture
def directory(tmp_path):
    folder = tmp_path / "plugins"
    folder.mkdir(mode=0o755)
    return folder


@pytest.fixture
def put(directory):
    """Writes a plugin.yaml."""

    def write(name, text="exec: {}\n", *, meta=None):
        folder = directory / name
        folder.mkdir(mode=0o755, exist_ok=True)
        file = folder / "plugin.yaml"
        file.write_text(f"meta: {{name: {meta or name}, version: 1.0}}\n{text}")
        file.chmod(0o644)
        return file

    return write


def test_folders_become_plugins(directory, put, registry):
    """By the loader that `exec.protocol` names, or that wants the file; hidden folders and others do not."""
    put("one")
    put("two", "exec: {protocol: exec}\n")
    put("three", "toy: true\n").write_text("meta: {name: three, toy: true}\n")
    put(".hidden")
    (directory / "empty").mkdir()
    (directory / "file").touch()
    found = search(directory, registry)
    assert sorted(folder.name for folder in found) == ["one", "three", "two"]
    assert not any(folder.problem or folder.note for folder in found)
    put_plugins(found, (), registry)
    assert registry.plugin("two").name == "two"
    assert registry.source("one") == (str(directory / "one"), "1.0")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("exec: {wrong: 1}\n", "plugin.yaml:2: exec.wrong: is wrong"),
        ("exec: {boom: 1}\n", "its loader failed: ValueError: a bug"),
        ("exec: {protocol: grpc}\n", "plugin.yaml:2: exec.protocol: there is no loader 'grpc'"),
        ("colour: red\n", "plugin.yaml:2: colour: unknown key"),
        ("device_fields:\n  - {name: a, type: text}\n", "plugin.yaml:3: device_fields[0].type"),
        ("exec: {}\ndevice_fields:\n  - {name: a, type: int, default: x}\n",
         "plugin.yaml:4: device_fields[0].default"),
        ("exec: [\n", "plugin.yaml:2: not readable as YAML"),
        ("", "names no program"),
        ("exec: {}\n# " + "x" * (1 << 20), "is larger than 1 MiB"),
    ],
)  # fmt: skip
def test_a_broken_folder_costs_itself_alone(directory, put, registry, text, words):
    """File, line and key; the others are there."""
    put("good")
    put("bad", text)
    put_plugins(search(directory, registry), (), registry)
    assert registry.plugin("good")
    with pytest.raises((Unusable, NotInstalled)) as error:
        registry.plugin("bad")
    assert words in str(error.value)
    (broken,) = registry.broken()
    assert (broken.name, broken.distribution) == ("bad", str(directory / "bad"))


@pytest.mark.parametrize("which", [".", "bad", "bad/plugin.yaml", "bad/run.sh"])
@pytest.mark.parametrize("mode", [0o020, 0o002])
def test_what_others_can_write_is_refused(directory, put, registry, which, mode):
    """The directory, the folder, or any file in it."""
    program = put("bad").parent / "run.sh"
    program.touch(0o755)
    path = directory / which
    path.chmod(path.stat().st_mode | mode)
    (found,) = search(directory, registry)
    assert found.plugin is None
    assert f"{directory / which}".removesuffix("/.") in found.problem
    assert "chmod go-w" in found.problem


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file away")
def test_what_belongs_to_others_is_refused(directory, put, registry):
    """Its owner could change it, and its rights."""
    os.chown(put("bad"), 12345, -1)
    (found,) = search(directory, registry)
    assert "belongs to the user 12345" in found.problem


def test_two_folders_of_one_name(directory, put, registry):
    """The first in order counts."""
    put("a", meta="same")
    put("b", meta="same")
    first, second = search(directory, registry)
    assert first.plugin
    assert second.name == "b"
    assert "has the name 'same' already" in second.problem


def test_an_installed_plugin(directory, put, registry):
    """A folder takes its place, and gives it back; one without anything to run leaves it."""
    found = search(directory, registry)
    put("toy")
    now = search(directory, registry)
    put_plugins(now, found, registry)
    assert registry.plugin("toy") is not Toy
    put("toy", "")
    (passed,) = search(directory, registry)
    assert passed.plugin is None
    assert "the installed plugin is used" in passed.note


def test_what_did_not_change_stays_the_same_class(directory, put, registry):
    """A changed file or program gives another one; state files beside it do not."""
    folder = put("one").parent
    (before,) = search(directory, registry)
    (folder / "state.json").write_text("x")
    (same,) = search(directory, registry, [before])
    assert same is before
    (folder / "run.sh").touch(0o755)
    (after,) = search(directory, registry, [before])
    assert after.plugin is not before.plugin
    assert folder / "run.sh" in watched(directory)
    assert folder / "state.json" not in watched(directory)


def test_a_bad_change_keeps_the_one_of_before(directory, put, registry):
    """It goes on, and the registry says why; put right, it is replaced."""
    put("one")
    before = search(directory, registry)
    put_plugins(before, (), registry)
    plugin = registry.plugin("one")
    put("one", "exec: {wrong: 1}\n")
    bad = search(directory, registry, before)
    put_plugins(bad, before, registry)
    assert registry.plugin("one") is plugin
    (broken,) = registry.broken()
    assert "is wrong; the one of before goes on" in broken.error
    put("one", "exec: {good: 1}\n")
    good = search(directory, registry, bad)
    put_plugins(good, bad, registry)
    assert registry.plugin("one") is not plugin
    assert not registry.broken()
    put_plugins((), good, registry)
    with pytest.raises(NotInstalled):
        registry.plugin("one")


def test_what_is_refused_is_taken_back(directory, put, registry):
    """A configuration that does not fit leaves the plugins as they were."""
    put("one")
    before = search(directory, registry)
    put_plugins(before, (), registry)
    plugin = registry.plugin("one")
    put("one", "exec: {other: 1}\n")
    put("two")
    trial = placed(search(directory, registry, before), before, registry)
    trial.__enter__()
    assert registry.plugin("one") is not plugin
    assert registry.plugin("two")
    trial.__exit__(SettingsError, SettingsError([]), None)
    assert registry.plugin("one") is plugin
    with pytest.raises(NotInstalled):
        registry.plugin("two")


def test_a_configuration_uses_them(tmp_path, directory, put, registry):
    """Its tasks are checked against their fields, and errors change nothing."""
    put("one", "exec: {}\ndevice_fields: [{name: room, type: string, required: true}]\n")
    put("bad", "exec: {wrong: 1}\n")
    file = tmp_path / "config.yaml"
    file.write_text(
        f"plugins: {{directory: {directory}}}\n"
        "tasks: [{id: t, plugin: one, interval: 1s, enabled: true, config: {room: north}},\n"
        "  {id: u, plugin: bad, interval: 1s, enabled: true}]\n"
    )
    loaded = load(file, {}, registry=registry)
    assert vars(loaded.tasks[0].device)["room"] == "north"
    assert loaded.broken == {"u"}
    assert any("exec.wrong" in str(note) for note in loaded.notes)
    plugin = registry.plugin("one")
    put("one", "exec: {}\ndevice_fields: [{name: floor, type: int, required: true}]\n")
    with pytest.raises(SettingsError, match=r"config\.room: unknown key"):
        load(file, {}, registry=registry, before=loaded)
    assert registry.plugin("one") is plugin
